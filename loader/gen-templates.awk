# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints files as C strings: awk -f gen-templates.awk KIND/FILE.in..., each as template_KIND_FILE[].
FNR == 1 {
	if (NR > 1)
		print ";"
	n = split(FILENAME, part, "/")
	name = part[n - 1] "_" part[n]
	sub(/\.in$/, "", name)
	gsub(/[^A-Za-z0-9]/, "_", name)
	printf "static const char template_%s[] =\n", name
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t\"%s\\n\"\n", $0
}
END { print ";" }
