# SPDX-License-Identifier: GPL-2.0-only
# Prints C initialisers "[number] = name" from enum fuse_opcode of linux/fuse.h.
$1 == "enum" && $2 == "fuse_opcode" { inside = 1; next }
inside && /^}/ { found = 1; exit }
inside && $1 ~ /^FUSE_/ && $2 == "=" {
	number = $3
	sub(/,.*/, "", number)
	# Larger ones are markers for byte order.
	if (number + 0 < 256)
		printf "\t[%d] = \"%s\",\n", number, substr($1, 6)
}
END { if (!found) { print "opcodes.awk: no enum fuse_opcode" > "/dev/stderr"; exit 1 } }
