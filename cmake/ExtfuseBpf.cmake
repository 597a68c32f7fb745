# SPDX-License-Identifier: GPL-2.0-only
# extfuse_add_handler(NAME), extfuse_add_policy(NAME): a BPF object from NAME.bpf.c of this folder,
# which has to have a unit test.

set(EXTFUSE_CONTRACT_DIRS ${PROJECT_SOURCE_DIR}/handlers ${PROJECT_SOURCE_DIR}/policies)
set(EXTFUSE_FAKES_DIR ${PROJECT_SOURCE_DIR}/unit/fakes)
include(ExtfuseCompile)

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
	extfuse_compile_bpf(${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c ${object} "BPF ${kind}/${name}")
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
