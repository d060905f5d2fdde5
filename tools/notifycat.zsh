#compdef notifycat
# SPDX-License-Identifier: GPL-2.0
#
# Zsh completion of notifycat. Where it has no words, files are completed.

_notifycat() {
	local -a found
	local line word

	for line in "${(@f)$("${words[1]}" --complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		word=${line%%$'\t'*}
		[[ -z $word ]] || found+=("${word//:/\\:}:${line#*$'\t'}")
	done
	if (( $#found )); then
		_describe -V notifycat found
	else
		_files
	fi
}

_notifycat "$@"
