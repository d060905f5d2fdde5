# SPDX-License-Identifier: GPL-2.0
#
# Fish completion of notifycat. Where it has no words, files are completed.

function __notifycat
	set -l words (commandline -opc) (commandline -ct)
	set -l found (command $words[1] --complete $words[2..-1] 2>/dev/null)

	if set -q found[1]
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end

complete -c notifycat -f -a '(__notifycat)'
