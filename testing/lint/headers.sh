#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# headers.sh: compiles each header for programs, and a program that uses all of them, with each
# compiler and standard, and runs the program. A warning is a failure. Prints only failures.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

# Compilers and the standards that they must accept.
readonly C=(c90 gnu90 c99 c11 c17 gnu17 c2x)
readonly CXX=(c++98 gnu++98 c++11 c++14 c++17 c++20 gnu++20 c++2b)

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
failed=0

# musl-gcc does not search the directory of the kernel's headers, where those of glibc are, too.
musl_headers() {
	local triplet

	triplet=$(gcc -print-multiarch)
	mkdir "$DIR/kernel"
	ln -s /usr/include/linux /usr/include/asm-generic "/usr/include/$triplet/asm" \
		"$DIR/kernel"
}

# compile COMPILER STANDARD LANGUAGE ARGUMENT...
compile() {
	local compiler=$1 standard=$2 language=$3
	local options=(-O2 -Wall -Wextra -Wpedantic -Werror "-I$TOP/uapi" "-I$TOP/include")
	shift 3

	[ "$compiler" != musl-gcc ] || options+=(-isystem "$DIR/kernel")
	if ! "$compiler" "-std=$standard" -x "$language" "${options[@]}" "$@"; then
		echo "$compiler -std=$standard: cannot compile ${*: -1}"
		failed=$((failed + 1))
		return 1
	fi
}

# check COMPILER LANGUAGE STANDARD...
check() {
	local compiler=$1 language=$2 standard header
	shift 2

	for standard; do
		for header in "$TOP"/uapi/linux/*.h "$TOP"/include/notify_multi/*.h; do
			echo "#include \"$header\"" >"$DIR/header"
			compile "$compiler" "$standard" "$language" -c -o "$DIR/object" \
				"$DIR/header" || true
		done
		rm -f "$DIR/program"
		compile "$compiler" "$standard" "$language" -o "$DIR/program" \
			"$TESTING/lint/headers.c" || continue
		if ! "$DIR/program"; then
			echo "$compiler -std=$standard: the program fails"
			failed=$((failed + 1))
		fi
	done
}

musl_headers
check gcc c "${C[@]}"
check clang c "${C[@]}"
check musl-gcc c "${C[@]}"
check g++ c++ "${CXX[@]}"
check clang++ c++ "${CXX[@]}"
[ $failed = 0 ]
