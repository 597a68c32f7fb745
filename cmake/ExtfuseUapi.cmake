# SPDX-License-Identifier: GPL-2.0-only
# EXTFUSE_UAPI_DIR: the headers of the patched kernel, exported when there are none of that name.
#
# linux/fuse.h and linux/bpf.h are newer there than in /usr/include.

set(EXTFUSE_UAPI_DIR "" CACHE PATH
	"folder with linux/extfuse.h and linux/fuse.h of the patched kernel; empty: export them")

if(NOT EXTFUSE_UAPI_DIR)
	set(EXTFUSE_UAPI_DIR ${CMAKE_BINARY_DIR}/uapi/include)
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS
		${PROJECT_SOURCE_DIR}/kernel/patches/*.patch
		${PROJECT_SOURCE_DIR}/kernel/src/include/*)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
	set(stamp ${CMAKE_BINARY_DIR}/uapi/stamp)
	set(stale FALSE)
	foreach(source ${sources})
		if(NOT EXISTS ${stamp} OR ${source} IS_NEWER_THAN ${stamp})
			set(stale TRUE)
		endif()
	endforeach()
	if(stale)
		execute_process(
			COMMAND ${PROJECT_SOURCE_DIR}/kernel/build.sh --headers ${CMAKE_BINARY_DIR}/uapi
			OUTPUT_QUIET
			COMMAND_ERROR_IS_FATAL ANY)
		file(TOUCH ${stamp})
	endif()
endif()

if(NOT EXISTS ${EXTFUSE_UAPI_DIR}/linux/extfuse.h)
	message(FATAL_ERROR "no linux/extfuse.h in ${EXTFUSE_UAPI_DIR}")
endif()
