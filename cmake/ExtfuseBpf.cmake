# SPDX-License-Identifier: GPL-2.0-only
# extfuse_add_handler(NAME), extfuse_add_policy(NAME): a BPF object from NAME.bpf.c of this folder,
# which has to have a unit test.

find_program(EXTFUSE_BPF_CLANG NAMES clang REQUIRED)
find_path(EXTFUSE_LIBBPF_INCLUDE bpf/bpf_helpers.h REQUIRED)

set(EXTFUSE_BPF_FLAGS -target bpf -mcpu=v3 -O2 -g -ffreestanding -fno-strict-aliasing
	-Wall -Wextra -Werror -Wno-unused-parameter)
# Loads are not reordered on x86-64; elsewhere the hits' barriers are instructions.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
	list(APPEND EXTFUSE_BPF_FLAGS -DEXT_WEAK_ORDER)
endif()

# extfuse_add_bpf_object(NAME KIND TESTS...): KIND is the folder; one of TESTS has to be there.
function(extfuse_add_bpf_object name kind)
	set(tested FALSE)
	foreach(test ${ARGN})
		if(EXISTS ${PROJECT_SOURCE_DIR}/unit/${test}.c)
			set(tested TRUE)
		endif()
	endforeach()
	if(NOT tested)
		list(GET ARGN 0 test)
		message(FATAL_ERROR "missing unit/${test}.c")
	endif()

	set(object ${CMAKE_BINARY_DIR}/${kind}/${name}.bpf.o)
	set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
	add_custom_command(
		OUTPUT ${object}
		COMMAND ${EXTFUSE_BPF_CLANG} ${EXTFUSE_BPF_FLAGS}
			-isystem ${EXTFUSE_UAPI_DIR} -idirafter ${EXTFUSE_LIBBPF_INCLUDE}
			-I${PROJECT_SOURCE_DIR}/handlers -MD -MF ${object}.d -MT ${object}
			-c ${source} -o ${object}
		DEPENDS ${source}
		DEPFILE ${object}.d
		COMMENT "BPF ${kind}/${name}"
		VERBATIM)
	set_property(GLOBAL APPEND PROPERTY EXTFUSE_BPF_OBJECTS ${object})
	set_property(GLOBAL APPEND PROPERTY EXTFUSE_${kind} ${name})
	add_custom_target(bpf_${kind}_${name} ALL DEPENDS ${object})
	install(FILES ${object} DESTINATION ${CMAKE_INSTALL_LIBDIR}/extfuse/${kind})
endfunction()

function(extfuse_add_handler name)
	extfuse_add_bpf_object(${name} handlers test_handler_${name} test_${name})
endfunction()

function(extfuse_add_policy name)
	extfuse_add_bpf_object(${name} policies test_policy_${name})
endfunction()
