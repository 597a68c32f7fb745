// SPDX-License-Identifier: GPL-2.0-only
/* usage.c - what stackfs --help prints */
#include <stdio.h>

#include "options.h"

/* As it will look. */
/* clang-format off */
static const char text[] =
"usage: stackfs [OPTIONS] SOURCE MOUNTPOINT\n"
"\n"
"Shows the directory SOURCE at MOUNTPOINT. Without policy= it is a plain FUSE file system; with a\n"
"policy the kernel answers what it may from a cache of the daemon's answers.\n"
"\n"
"general options\n"
"    -h, --help              print this text\n"
"    -V, --version           print the versions\n"
"    -f                      stay in the foreground\n"
"    -d, -o debug            print each request (implies -f)\n"
"    -s                      one thread\n"
"    -o OPTION[,OPTION...]   as below; a comma within a value is written \\,\n"
"\n"
"cached answers in the kernel (ExtFUSE)\n"
"    policy=P[+P...]         when a cached answer may be used: names from 'extfuse policies', or\n"
"                            paths of objects, which contain a '/'\n"
"    NAME=VALUE              a parameter of the policy, e.g. ttl=2s or max_entries=65536\n"
"    handler=PATH            the object of a handler, in place of a built-in one; may be repeated\n"
"    fill=reply|daemon       rows come from replies (default), or the daemon inserts them\n"
"    extfuse=auto|require    without the kernel's help: mount a plain FUSE file system and say so\n"
"                            (default), or fail\n"
"    opstats=FILE            write 'OPCODE COUNT' for what reached the daemon, at unmount and on\n"
"                            SIGUSR1\n"
"\n"
"caches of the FUSE client\n"
"    entry_timeout=SECONDS   names (default 1.0)\n"
"    attr_timeout=SECONDS    attributes (default 1.0)\n"
"    negative_timeout=SECONDS  names that do not exist (default 0)\n"
"    cache=none|auto|always  file contents: never kept (direct I/O), until the file changes\n"
"                            (default), always\n"
"    writeback               collect writes in the page cache\n"
"    readdirplus=no|yes|auto attributes with the names of a directory (default auto)\n"
"    passthrough             let the kernel read and write files of the source itself\n"
"    no_xattr                no extended attributes and ACLs: the kernel asks once, then never\n"
"\n"
"mount options\n"
"    allow_other             other users too; the kernel then checks permissions\n"
"                            (default_permissions)\n"
"    default_permissions     the kernel checks permissions\n"
"    auto_unmount            unmount when the daemon ends for whatever reason\n"
"    fsname=NAME, subtype=NAME, ro, rw, suid, dev, exec, noatime, ...  as usual\n"
"    clone_fd                a device descriptor for each thread\n"
"    max_threads=N           at most N threads serve requests (default 10)\n"
"    max_idle_threads=N      at most N of them wait for work (default 10)\n"
"    max_read=N, max_write=N, max_readahead=N, max_background=N, ...  as libfuse has them\n"
"\n"
"telling the kernel of changes in SOURCE\n"
"    control=PATH            make a socket that takes lines and answers 'ok' or an error:\n"
"                            'inode FILE', 'attr FILE' (not the contents), 'entry NAME',\n"
"                            'expire NAME', each a path below SOURCE; with policy=lease also\n"
"                            'grant 5000ms FILE' and 'revoke FILE'\n"
"\n"
"for tests\n"
"    debug_reuse_nodeid      give a forgotten nodeid to the next file, with generation 0\n"
"    debug_delay_lookup=MS   wait between looking at a file and answering LOOKUP\n"
"    debug_delay_prefix=NAME only if the name begins like this (default 'delay')\n"
"    debug_delay_replies=US  wait at random, so long at most, before answering\n"
"\n"
"To unmount: umount MOUNTPOINT, or fusermount3 -u MOUNTPOINT.\n";
/* clang-format on */

void options_usage(void)
{
	fputs(text, stdout);
}
