# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints C initialisers from the enums of linux/fuse.h and linux/extfuse.h:
#   awk -v enum=fuse_opcode -v prefix=FUSE_ -f gen-names.awk fuse.h
$1 == "enum" && $2 == enum { inside = 1; next }
inside && /^}/ { found = 1; exit }
inside && index($1, prefix) == 1 && $2 == "=" {
	value = $3
	sub(/,.*/, "", value)
	# Numbers beyond the slots are markers for byte order, not opcodes.
	if (value + 0 < 256)
		printf "\t[%d] = \"%s\",\n", value, substr($1, length(prefix) + 1)
}
END { if (!found) { print "gen-names.awk: no enum " enum > "/dev/stderr"; exit 1 } }
