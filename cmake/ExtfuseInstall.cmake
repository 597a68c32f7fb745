# SPDX-License-Identifier: GPL-2.0-only
# What authors of handlers and policies get: contracts, kernel headers, the test kit, find_package().
include(CMakePackageConfigHelpers)

# The folders lie to each other as here, so that the same #include finds the same file.
set(author_headers ${CMAKE_INSTALL_INCLUDEDIR}/extfuse)
set(author_kit ${CMAKE_INSTALL_DATADIR}/extfuse/testkit)

install(FILES handlers/handler.h handlers/opcodes.h handlers/ext_types.h
	handlers/coherence.h handlers/names.h handlers/events.h handlers/xattrs.h
	DESTINATION ${author_headers}/handlers)
install(FILES policies/policy.h DESTINATION ${author_headers}/policies)
install(FILES unit/fakes/fake.h DESTINATION ${author_headers}/testkit/fakes)
install(FILES unit/fakes/bpf/bpf_helpers.h DESTINATION ${author_headers}/testkit/fakes/bpf)
install(FILES unit/names_test.h DESTINATION ${author_headers}/testkit)

# What the contracts include of the patched kernel; clang finds no others for BPF.
foreach(header
		asm-generic/bitsperlong.h asm-generic/errno-base.h asm-generic/errno.h
		asm-generic/int-ll64.h asm-generic/ioctl.h asm-generic/posix_types.h asm-generic/types.h
		asm/bitsperlong.h asm/errno.h asm/ioctl.h asm/posix_types.h asm/types.h
		linux/bpf.h linux/bpf_common.h linux/errno.h linux/extfuse.h linux/fs.h linux/fscrypt.h
		linux/fuse.h linux/ioctl.h linux/limits.h linux/mount.h linux/posix_types.h linux/stat.h
		linux/stddef.h linux/types.h)
	get_filename_component(dir ${header} DIRECTORY)
	install(FILES ${EXTFUSE_UAPI_DIR}/${header} DESTINATION ${author_headers}/uapi/${dir})
endforeach()
file(GLOB posix_types ${EXTFUSE_UAPI_DIR}/asm/posix_types_*.h)
install(FILES ${posix_types} DESTINATION ${author_headers}/uapi/asm)

# The policy of tests that are about none: it defines no hook.
extfuse_compile_bpf(${PROJECT_SOURCE_DIR}/unit/fakes/none.bpf.c ${CMAKE_BINARY_DIR}/kit/none.bpf.o
	"BPF none.bpf.o")
add_custom_target(bpf_none ALL DEPENDS ${CMAKE_BINARY_DIR}/kit/none.bpf.o)

# Sources that a test of somebody's handler or policy is linked with.
foreach(kind handlers policies)
	get_property(names GLOBAL PROPERTY EXTFUSE_${kind})
	foreach(name ${names})
		install(FILES ${kind}/${name}.bpf.c DESTINATION ${author_kit}/${kind})
	endforeach()
endforeach()
install(FILES unit/fakes/fake.c unit/fakes/host.c unit/fakes/backend.h unit/fakes/bytecode.c
	unit/fakes/bytecode_main.c unit/fakes/coverage.py ${CMAKE_BINARY_DIR}/kit/none.bpf.o
	DESTINATION ${author_kit}/fakes)
install(FILES ${CMAKE_BINARY_DIR}/loader/names/opcode_names.inc
	${CMAKE_BINARY_DIR}/loader/names/event_names.inc
	DESTINATION ${author_kit}/names)

install(DIRECTORY LICENSES DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/extfuse)
configure_package_config_file(cmake/extfuse-config.cmake.in
	${CMAKE_CURRENT_BINARY_DIR}/extfuse-config.cmake
	INSTALL_DESTINATION ${package_dir}
	PATH_VARS author_headers author_kit)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/extfuse-config-version.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/extfuse-config.cmake
	${CMAKE_CURRENT_BINARY_DIR}/extfuse-config-version.cmake
	cmake/ExtfuseCompile.cmake cmake/ExtfuseAuthor.cmake
	DESTINATION ${package_dir})
install(EXPORT extfuse-targets NAMESPACE extfuse:: DESTINATION ${package_dir})
