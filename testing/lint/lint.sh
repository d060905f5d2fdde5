#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [--prove] [LINTER...]: runs all linters or those named, the fastest first, on a copy of
# the tree. Any output of a linter is a failure. Exits with 1 if a linter failed.
#
# --prove: plants a defect in the copy for each linter, and fails if the linter does not report it.

# shellcheck disable=SC2046 # file names contain no blanks
# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

LINTERS=(text spelling shell python man compat bindings checkpatch kerneldoc headers
	 userspace warnings version sparse coccinelle smatch)

readonly MACHINE=amd64-6.12
readonly NEWEST_MACHINE=amd64-newest
# The kernel package of this machine contains the device trees of boards.
readonly BOARDS_MACHINE=arm64-6.12
# Returned by a linter that is not installed.
readonly NOT_RUN=4

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
readonly TREE=$WORK/tree

# -- Files --

copy_tree() {
	rm -rf "$TREE"
	mkdir "$TREE"
	(cd "$TOP" && cpio -pdm --quiet "$TREE") <"$WORK/files"
}

# files PATTERN...: files whose path matches a shell pattern
files() {
	local file pattern

	while read -r file; do
		for pattern in "$@"; do
			# shellcheck disable=SC2053 # a pattern
			if [[ $file == $pattern ]]; then
				echo "$file"
				break
			fi
		done
	done <"$WORK/files"
}

# Not all scripts have a suffix, and sourced files have no interpreter line.
scripts() {
	local file

	files '*' | while read -r file; do
		if [[ $file == *.sh || $file == *.bash ||
		      $(head -c 20 "$file" | head -n 1 | tr -d '\0') =~ ^'#!'/bin/(ba)?sh ]]; then
			echo "$file"
		fi
	done
}

# Sources of modules: the kernel's rules do not apply to the others.
kernel_files() {
	files '*.[ch]' | grep -Ev '^(selftests|testing/[^/]*)/[^/]*\.' |
		grep -Ev '^(tools|uapi|include|Documentation/examples)/'
}

# -- Linters --

lint_text() {
	local file

	grep -nIE '[[:blank:]]+$' $(files '*') /dev/null |
		grep -Ev '^(COPYING|[^:]*\.(svg|patch)):' || true
	for file in $(files '*'); do
		[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at its end"
	done
	grep -L 'SPDX[-]License-Identifier:' $(scripts) \
		$(files '*.[ch]' '*.py' '*.yaml' '*.dts*' '*.asl' '*.1' '*Makefile' '*Kbuild' \
			'*/config/*' | grep -v '\.patch$') |
		sed 's/$/: no SPDX-License-Identifier/'
}

# codespell reports the man page macro .Nd.
lint_spelling() {
	codespell --quiet-level 2 --ignore-words-list nd $(files '*' | grep -Ev '^COPYING|\.svg$')
}

lint_shell() {
	shellcheck $(scripts)
}

lint_python() {
	pyflakes3 $(files '*.py')
}

lint_man() {
	mandoc -T lint -W style $(files '*.1')
}

# checkpatch IGNORED FILE...: without a git directory, checkpatch searches a kernel tree for
# CamelCase names.
checkpatch() {
	local ignored=$1
	shift

	printf '%s\n' "$@" | GIT_DIR=$GIT xargs -n 8 -P "$(nproc)" "$KSRC/scripts/checkpatch.pl" \
		--no-tree --strict --show-types --terse --quiet --no-summary --max-line-length=100 \
		--ignore "$ignored" --file | sort -V || true
}

# Rules that only make sense in the kernel (types, BIT(), kstrtoull(), negative errnos), and macros
# that return from a test, as those of kselftest_harness.h do.
readonly PROGRAMS_MAY=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE,VOLATILE,\
BIT_MACRO,ENOSYS,EMBEDDED_FUNCTION_NAME,MACRO_WITH_FLOW_CONTROL,MACRO_ARG_REUSE,COMPLEX_MACRO,\
SPLIT_STRING,USE_NEGATIVE_ERRNO,SSCANF_TO_KSTRTO,NAKED_SSCANF,MULTISTATEMENT_MACRO_USE_DO_WHILE
readonly TEST_MODULES_MAY=MACRO_WITH_FLOW_CONTROL,MACRO_ARG_REUSE
# A macro defines the functions of an attribute.
readonly CONFIGFS_MAY=MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE
readonly COMPAT_MAY=LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_REUSE
# TRACE_EVENT() is indented like a structure.
readonly TRACE_MAY=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
# C90 has no "inline" and no "//" comments.
readonly C90_MAY=$PROGRAMS_MAY,INLINE,SPDX_LICENSE_TAG
# notify_multi.h includes the UAPI header of the same name.
readonly OTHERS_MAY=EMBEDDED_FILENAME

# Names that compat.h defines for every kernel, with different contents.
readonly COMPAT_NAMES=(notify_mappable notify_assign_str notify_gpiod_controller
	notify_gpiod_label notify_gpiod_base
	NOTIFY_MULTI_URING NOTIFY_REMOVE NOTIFY_REMOVED NOTIFY_TASK_WORK)

# Macros that the headers included by compat.h define in the newest kernel.
kernel_macros() {
	mkdir -p "$WORK/probe"
	cp compat.h "$WORK/probe/"
	echo '#include "compat.h"' >"$WORK/probe/probe.c"
	: >"$WORK/probe/Kbuild"
	kbuild "$NEWEST_MACHINE" "$WORK/probe" KCFLAGS="-dD -I$WORK/probe" probe.i
	awk '/^# [0-9]+ "/ { file = $3 }
	     /^#define / && file !~ /compat\.h/ { sub(/\(.*/, "", $2); print $2 }' \
		"$WORK/probe/probe.i"
}

# Options of unifdef: the version of the newest kernel, and each macro that compat.h tests.
compat_options() {
	awk '$2 == "LINUX_VERSION_CODE" { print "-D" $2 "=" $3 }' \
		"$NEWEST/build/include/generated/uapi/linux/version.h"
	sed -nE 's/^#ifn?def (\w+)$/\1/p' compat.h | grep -v '^CONFIG_' | sort -u |
		awk 'NR == FNR { known[$1] = 1; next } { print ($1 in known ? "-D" : "-U") $1 }' \
			"$WORK/macros" -
}

# compat.h after unifdef for the newest kernel, without comments and includes.
newest_compat() {
	local options

	kernel_macros >"$WORK/macros"
	mapfile -t options < <(compat_options)
	perl -pe 's/KERNEL_VERSION\((\d+), (\d+), (\d+)\)/($1 << 16) + ($2 << 8) + $3/ge' \
		compat.h |
		unifdef -x 2 "${options[@]}" | "$GCC" -fpreprocessed -dD -E -P - |
		grep -Ev '^#include |^#define _NOTIFY_MULTI_COMPAT_H'
}

lint_compat() {
	local name

	newest_compat >"$WORK/compat"
	for name in "${COMPAT_NAMES[@]}"; do
		grep -q "^#define $name\b" "$WORK/compat" ||
			echo "compat.h: no $name, which lint.sh lists"
	done
	perl -0pe 's/\\\n//g' "$WORK/compat" |
		grep -Ev "^#define ($(IFS='|' && echo "${COMPAT_NAMES[*]}"))\b" |
		sed 's/^/compat.h: not needed by the newest kernel: /' || true
	kernel_files | grep -Fvx compat.h |
		xargs grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h' |
		sed 's/$/: version checks belong in compat.h/' || true
}

lint_checkpatch() {
	local programs='^(selftests|testing/[^/]*|tools|Documentation/examples)/[^/]*\.[ch]$'
	local modules='^(selftests/test_modules|testing/(native|stress)/module)/'
	local c90='^(include/notify_multi/reader\.h|testing/lint/headers\.c)$'
	local others='^compat\.h$|/gpio_configfs\.c$|/irq_faults\.h$|_trace\.h$'
	local texts='\.litmus$|\.svg$|\.patch$|^COPYING$'

	checkpatch "$PROGRAMS_MAY" $(files '*' | grep -E "$programs" | grep -Ev "$c90|$others")
	checkpatch "$C90_MAY" $(files '*' | grep -E "$c90")
	checkpatch "$TEST_MODULES_MAY" $(files '*' | grep -E "$modules")
	checkpatch "$COMPAT_MAY" compat.h
	checkpatch "$CONFIGFS_MAY" hwsrc/gpio_configfs.c
	checkpatch "$TRACE_MAY" notify_multi_trace.h
	checkpatch "$OTHERS_MAY" $(files '*' | grep -Ev "$programs|$modules|$c90|$others|$texts")
}

lint_kerneldoc() {
	"$KSRC/scripts/kernel-doc" -none -Wall -Werror $(kernel_files)
}

# compile NAME: compiles the device tree on standard input.
compile() {
	dtc -q -@ -I dts -O dtb -o "$WORK/$1.dtb"
}

# preprocess ARGUMENT...: runs the C preprocessor on device tree source.
preprocess() {
	cpp -nostdinc -undef -x assembler-with-cpp -P -Iselftests -DCHIP='&pl061' -DFIRST=0 "$@"
}

# example FILE: compiles the example of a binding.
example() {
	dt-extract-example "$1" >"$WORK/example.dts"
	preprocess -I "$KERNEL"/usr/src/linux-headers-*-common/include "$WORK/example.dts" |
		compile example
}

# board OVERLAY: compiles the nodes of an emulated board on a minimal base. dt-schema accepts "foo"
# as an example board.
board() {
	compile base <<-END
		/dts-v1/;
		/ {
			compatible = "foo";
			model = "foo";
			interrupt-parent = <&gic>;
			#address-cells = <2>;
			#size-cells = <2>;

			gic: interrupt-controller {
				interrupt-controller;
				#interrupt-cells = <3>;
			};

			pl061: gpio {
				gpio-controller;
				#gpio-cells = <2>;
			};

			pl061@9030000 {
				reg = <0 0x9030000 0 0x1000>;
				interrupts = <0 7 4>;
			};

			pl031@9010000 {
				reg = <0 0x9010000 0 0x1000>;
			};
		};
	END
	preprocess -DBINDING_FAULTS "testing/qemu/$1.dts.in" | compile overlay
	fdtoverlay -i "$WORK/base.dtb" -o "$WORK/board.dtb" "$WORK/overlay.dtb"
}

# dt_validate NAME: prints errors, but returns 0. The schemas lack the kernel's bindings, and accept
# gpio-line-names only in nodes of controllers.
dt_validate() {
	dt-validate -m -s "$WORK/schema.json" "$WORK/$1.dtb" 2>&1 |
		grep -v "schema with compatible: \['\(fixed-clock\|syscon\)'\]" |
		sed "/'#gpio-cells' is a dependency of 'gpio-line-names'/,+1d" || true
}

# rejected DTB: lists the nodes below the root that the schema rejects.
rejected() {
	dt_validate "$1" 2>&1 | grep -oE ': /?[a-z]+[-a-z0-9@]*: ' | tr -d ' :/' | sort -u
}

# The bindings must reject the nodes of notify_irq that have a fault, and no others.
irq_faults() {
	board irq_faults
	preprocess -D'FAULT_AT(device, error, message, node, ...)=node' -D'DRIVER_FAULT_AT(...)=' \
		-D'BINDING_FAULT(name, ...)=name@a003e00' selftests/irq_faults.h | grep . | sort |
		diff - <(rejected board)
}

# Each of these properties is a fault of a node of notify_gpio.
gpio_faults() {
	local number=0 fault nodes=

	while read -r fault; do
		nodes+="/ { bad$number { compatible = \"notify-multi,gpio\"; label = \"bad\";
			gpios = <&gpio 0 0>; }; }; / { bad$number { $fault }; };"
		number=$((number + 1))
	done <<-END
		/delete-property/ gpios;
		compatible = "notify-multi,gpios";
		label = <1>;
		label = "buttons/left";
		debounce-delay-ms = <5 60001>;
		debounce-delay-ms = <60001>;
		wakeup-source = <1>;
		notify-multi,edge = "up";
		notify-multi,max-packets = <0>;
		notify-multi,max-packets = "many";
		notify-multi,max-requests = <0>;
		notify-multi,replay = <1 2>;
		notify-multi,replays = <1>;
	END
	echo "/dts-v1/; /plugin/; $nodes" | compile gpio_faults
	diff <(seq -f bad%g 0 $((number - 1)) | sort) <(rejected gpio_faults)
}

# Applies the overlay, with parameters, to the device tree of a Raspberry Pi 4 in Debian's kernel.
rpi_overlay() {
	local base dtbo=Documentation/devicetree/overlays/notify-multi-button.dtbo

	base=$(find "$BOARDS/usr/lib/" -name bcm2711-rpi-4-b.dtb)
	make -s dtbo
	testing/docs/overlay.py "$dtbo" "$WORK/button.dtbo" gpio=27 gpio_pull=1 active_low=0 \
		label=door debounce=20 edge=rising
	fdtoverlay -i "$base" -o "$WORK/rpi.dtb" "$WORK/button.dtbo"
	dt_validate rpi 2>&1 | grep notify-multi || true
	diff - <(rpi_button "$(fdtget -t u "$base" /soc/gpio@7e200000 phandle)") <<-END
		27 0 1
		door
		GPIO 27 0
		20
		rising
	END
}

# rpi_button GPIO: prints the properties that the parameters set.
rpi_button() {
	local pins=/soc/gpio@7e200000/notify-multi-button-pins node=/notify-multi-button

	echo "$(fdtget "$WORK/rpi.dtb" $pins brcm,pins)" \
		"$(fdtget "$WORK/rpi.dtb" $pins brcm,function)" \
		"$(fdtget "$WORK/rpi.dtb" $pins brcm,pull)"
	fdtget "$WORK/rpi.dtb" $node label
	fdtget -t u "$WORK/rpi.dtb" $node gpios | sed "s/^$1 /GPIO /"
	fdtget -t u "$WORK/rpi.dtb" $node debounce-delay-ms
	fdtget "$WORK/rpi.dtb" $node notify-multi,edge
}

lint_bindings() {
	local binding overlay

	PATH=$DT_SCHEMA:$PATH
	export PYTHONPATH=$DT_SCHEMA/../lib/python3/dist-packages
	yamllint --strict -d '{extends: default, rules: {line-length: {max: 100}}}' \
		$(files '*.yaml')
	(cd Documentation/devicetree/bindings && dt-doc-validate -u "$PWD" ./*.yaml)
	dt-mk-schema -j Documentation/devicetree/bindings >"$WORK/schema.json"
	for binding in Documentation/devicetree/bindings/*.yaml; do
		example "$binding"
		dt_validate example
	done
	for overlay in board irq; do
		board $overlay
		dt_validate board
	done
	gpio_faults
	irq_faults
	rpi_overlay
}

lint_headers() {
	testing/lint/headers.sh
}

lint_userspace() {
	local makefile

	# The system root has no libmosquitto.
	make -s -j"$(nproc)" -C tools CC="$GCC" MOSQUITTO_LIBS=-lmosquitto CFLAGS="-O2 -Werror" \
		notify-mqtt
	make -s -C tools clean
	for makefile in $(files 'tools/*Makefile' 'testing/*/Makefile'); do
		make -s -j"$(nproc)" -C "${makefile%/*}" CC="$PROGRAM_CC" \
			URING_LIBS=-luring NCURSES_LIBS="-lncurses -ltinfo" MOSQUITTO_LIBS= \
			CFLAGS="-O2 -Werror" LDFLAGS=-static all
	done
	testing/docs/completion.sh tools/notifycat >"$WORK/completion" || cat "$WORK/completion"
	mkdir -p "$WORK/suite"
	make -s -j"$(nproc)" -C selftests KSRC="$KSRC" KDIR= CC="$PROGRAM_CC" \
		OUTPUT="$WORK/suite" USERCFLAGS=-Werror USERLDFLAGS=-static all >/dev/null
}

# kbuild MACHINE DIR ARGUMENT...: without BTF, which needs vmlinux
kbuild() {
	local machine=$1 dir=$2
	shift 2

	"$TESTING/qemu/kernel_make.sh" "$machine" "$WORK" -s --no-print-directory M="$dir" \
		CONFIG_DEBUG_INFO_BTF_MODULES= "$@"
}

# make_modules MACHINE ARGUMENT...
make_modules() {
	local machine=$1 symbols=KBUILD_EXTRA_SYMBOLS=$TREE/Module.symvers
	shift

	kbuild "$machine" "$TREE" "$@" modules
	kbuild "$machine" "$TREE/selftests/test_modules" "$symbols" "$@" modules
	kbuild "$machine" "$TREE/testing/native/module" "$symbols" "$@" modules
	kbuild "$machine" "$TREE/testing/stress/module" "$symbols" "$@" modules
	kbuild "$machine" "$TREE/Documentation/driver" "$symbols" "$@" modules
}

lint_warnings() {
	make_modules "$MACHINE" W=1 KCFLAGS=-Werror
}

# check_modules MACHINE CHECKER: runs a checker on the modules and reports files that it did not run
# on, because kbuild only warns if it does not accept the checker.
check_modules() {
	cat >"$WORK/checker" <<-END
		#!/bin/sh
		for file; do :; done
		realpath "\$file" >>"$WORK/checked"
		exec $2 "\$@"
	END
	chmod +x "$WORK/checker"
	: >"$WORK/checked"
	find "$TREE" -name '*.o' -delete # C=1 checks the files that it compiles.
	make_modules "$1" C=1 CHECK="$WORK/checker"
	kernel_files | grep '\.c$' | sed "s|^|$TREE/|" | LC_ALL=C sort |
		LC_ALL=C comm -23 - <(LC_ALL=C sort -u "$WORK/checked") |
		sed 's/$/: not checked/'
}

# Modules and notifycat are compared as well, if other linters have built them.
lint_version() {
	testing/lint/version.sh
}

lint_sparse() {
	local machine

	for machine in "$MACHINE" "$NEWEST_MACHINE"; do
		check_modules "$machine" "$SPARSE" 2>&1 | sed "s/^/$machine: /"
	done
}

# Two of the kernel's semantic patches need an OCaml compiler: one is for another driver, the other
# finds 0 used as a pointer, as sparse does.
semantic_patches() {
	find "$KSRC/scripts/coccinelle" -name '*.cocci' ! -name check_bq27xxx_data.cocci \
		! -name badzero.cocci | sort
}

# semantic_patch FILE
semantic_patch() {
	local log options

	log=$WORK/$(basename "$1").log
	read -ra options < <(sed -n 's|.*Options: *||p' "$1")
	spatch -D report --very-quiet --no-show-diff --cocci-file "$1" "${options[@]}" \
		--dir "$WORK/kernel" 2>"$log" || cat "$log"
}

lint_coccinelle() {
	rm -rf "$WORK/kernel"
	mkdir "$WORK/kernel"
	kernel_files | cpio -pdm --quiet "$WORK/kernel"
	export -f semantic_patch
	export WORK
	# shellcheck disable=SC2016 # expanded by the inner shell
	semantic_patches | xargs -n 1 -P "$(nproc)" bash -c 'semantic_patch "$1"' - |
		sed "s|^$WORK/kernel/||" | sort -V
}

lint_smatch() {
	if ! command -v smatch >/dev/null; then
		say "smatch is not installed (Debian has no package)"
		return $NOT_RUN
	fi
	check_modules "$MACHINE" "smatch -p=kernel"
}

# -- Planted defects --

plant_text() {
	printf 'all: \n' >>Makefile
}

plant_spelling() {
	printf 'They %s it.\n' "reci""eved" >>README.md
}

# shellcheck disable=SC2016 # the defect is the text
plant_shell() {
	echo 'rm $1/*' >>testing/common.sh
}

plant_python() {
	echo 'print(undefined)' >>testing/qemu/vm.py
}

plant_man() {
	echo '.Unknown' >>tools/notifycat.1
}

plant_compat_macro() {
	printf '#ifndef ITER_DEST\n#define planted\n#else\nint planted;\n#endif\n' >>compat.h
}

plant_compat_version() {
	printf '#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)\nint planted;\n#endif\n' \
		>>compat.h
}

plant_compat_elsewhere() {
	echo '#include <linux/version.h>' >>ring.h
}

plant_bindings() {
	sed -i 's/maximum: 60000/maximum: 70000/' Documentation/devicetree/bindings/*gpio.yaml
}

plant_checkpatch() {
	echo 'int  planted( int a );' >>ring.h
}

plant_kerneldoc() {
	sed -i '/^ \* @drvdata:/d' notify_multi.h
}

plant_headers() {
	sed -i 's/__inline__/inline/' include/notify_multi/reader.h
}

plant_headers_ioctl() {
	sed -i 's/((__u32)\(_IOR.*\))$/\1/' uapi/linux/notify_multi.h
}

plant_headers_reader() {
	sed -i 's/first->dropped = .*/first->dropped = 0;/' include/notify_multi/reader.h
}

plant_userspace() {
	echo 'static int planted;' >>tools/main.c
}

plant_userspace_mqtt() {
	echo 'static int planted;' >>tools/notify-mqtt.c
}

plant_warnings() {
	echo 'int planted(void) { return 0; }' >>notify_multi.c
}

plant_version() {
	sed -i 's/^PV = .*/PV = "0"/' packaging/yocto/recipes-kernel/notify-multi/notify-multi.inc
}

plant_sparse() {
	echo '__le32 planted(void); __le32 planted(void) { return 1; }' >>notify_multi.c
}

# In code for the newest kernels only.
plant_sparse_newest() {
	echo '#ifdef IO_URING_CMD_TASK_WORK_ISSUE_FLAGS' >>notify_multi.c
	plant_sparse
	echo '#endif' >>notify_multi.c
}

plant_coccinelle() {
	echo 'void planted(void *p) { if (p) kfree(p); }' >>notify_multi.c
}

plant_smatch() {
	echo 'int planted(int *p) { if (!p) return *p; return 0; }' >>notify_multi.c
}

# -- Running --

# lint NAME: sets result. Not called in a condition, where set -e would have no effect.
lint() {
	local log=$WORK/$1.out status=0

	set +e
	(set -e; cd "$TREE"; "lint_$1") >"$log" 2>&1
	status=$?
	set -e
	cat "$log" >&2
	if [ $status = $NOT_RUN ]; then
		result="not run"
	elif [ $status != 0 ] || [ -s "$log" ]; then
		result=failed
	else
		result=ok
	fi
}

# fetch LINTER: runs in advance, because the output of a download would count as a failure.
fetch() {
	local fetch=$TESTING/fetch/fetch.sh

	case $1 in
	checkpatch | kerneldoc | coccinelle)
		KSRC=$("$fetch" source)
		;;
	userspace)
		KSRC=$("$fetch" source)
		PROGRAM_CC="$GCC --sysroot=$("$fetch" sysroot amd64)"
		;;
	bindings)
		KERNEL=$("$fetch" kernel "$MACHINE")
		BOARDS=$("$fetch" kernel "$BOARDS_MACHINE")
		DT_SCHEMA=$("$fetch" dt-schema)
		;;
	warnings | smatch)
		"$fetch" kernel "$MACHINE" >/dev/null
		;;
	compat | sparse)
		"$fetch" kernel "$MACHINE" >/dev/null
		NEWEST=$("$fetch" kernel "$NEWEST_MACHINE")
		"$fetch" toolchain "$NEWEST_MACHINE" >/dev/null
		SPARSE=$("$fetch" sparse)
		;;
	esac
}

# run LINTER [PLANT]: a planted defect needs a new copy of the tree. Otherwise the objects of the
# previous linter are reused.
run() {
	local linter=$1 plant=${2-} start=$SECONDS

	if [ -n "$plant" ] || [ ! -e "$TREE" ]; then
		copy_tree
	fi
	if [ -n "$plant" ]; then
		(cd "$TREE" && "$plant")
	fi
	say "${plant:-$linter}"
	fetch "$linter"
	lint "$linter"
	printf '%-24s %-10s %4d s\n' "${plant:-$linter}" "$result" $((SECONDS - start)) \
		>>"$WORK/results"
	[ "$result" = "$EXPECTED" ] || [ "$result" = "not run" ] || failed=$((failed + 1))
}

plants() {
	compgen -A function | grep -E "^plant_$1(_|\$)"
}

PROVE=0
EXPECTED=ok
if [ "${1-}" = --prove ]; then
	PROVE=1
	EXPECTED=failed
	shift
fi
if [ $# -gt 0 ]; then
	LINTERS=("$@")
fi
GIT=$(git -C "$TOP" rev-parse --absolute-git-dir)
(cd "$TOP" && git ls-files -co --exclude-standard | while read -r file; do
	[ ! -f "$file" ] || echo "$file"
done) >"$WORK/files"

failed=0
for linter in "${LINTERS[@]}"; do
	declare -F "lint_$linter" >/dev/null || die "no linter '$linter'"
	if [ $PROVE = 0 ]; then
		run "$linter"
		continue
	fi
	for plant in $(plants "$linter"); do
		run "$linter" "$plant"
	done
done
cat "$WORK/results"
[ $failed = 0 ] || die "$failed of $(wc -l <"$WORK/results") results are not \"$EXPECTED\""
