# SPDX-License-Identifier: GPL-2.0-only
# A Debian package, by cpack in a build folder that was configured with CMAKE_INSTALL_PREFIX=/usr.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME extfuse)
set(CPACK_PACKAGE_CONTACT "ExtFUSE maintainers <extfuse@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "BPF programs that answer FUSE requests in the kernel")
set(CPACK_PACKAGE_DESCRIPTION "stackfs, the command extfuse, libextfuse, BPF handlers and cache policies,
and what authors of handlers and policies need. The kernel part is a patch
series for Linux 6.12 and no part of this package; without it file systems are
mounted as plain FUSE file systems.")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For mount -t fuse.stackfs and fusermount3.
set(CPACK_DEBIAN_PACKAGE_DEPENDS fuse3)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
	"bash-completion, clang, cmake, libbpf-dev, libcmocka-dev, libfuse3-dev, pkg-config")
# Others link with libextfuse: its shlibs, and ldconfig when it comes and goes.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
include(CPack)
