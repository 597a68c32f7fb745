# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# How handlers and policies are compiled, here and in their authors' projects: for BPF and for the
# host. Expects EXTFUSE_UAPI_DIR, EXTFUSE_CONTRACT_DIRS (handler.h, policy.h) and EXTFUSE_FAKES_DIR.

# Who only links with the library has to have neither.
find_program(EXTFUSE_BPF_CLANG NAMES clang)
find_path(EXTFUSE_LIBBPF_INCLUDE bpf/bpf_helpers.h)

set(EXTFUSE_BPF_FLAGS -target bpf -mcpu=v3 -O2 -g -ffreestanding -fno-strict-aliasing
	-Wall -Wextra -Werror -Wno-unused-parameter)
# Loads are not reordered on x86-64; elsewhere the hits' barriers are instructions.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
	list(APPEND EXTFUSE_BPF_FLAGS -DEXT_WEAK_ORDER)
endif()

# extfuse_compile_bpf(SOURCE OBJECT COMMENT): the BPF object OBJECT from SOURCE.
function(extfuse_compile_bpf source object comment)
	if(NOT EXTFUSE_BPF_CLANG OR NOT EXTFUSE_LIBBPF_INCLUDE)
		message(FATAL_ERROR "clang and bpf/bpf_helpers.h are needed to compile ${source}: "
			"install clang and libbpf-dev")
	endif()
	get_filename_component(dir ${object} DIRECTORY)
	file(MAKE_DIRECTORY ${dir})
	list(TRANSFORM EXTFUSE_CONTRACT_DIRS PREPEND -I OUTPUT_VARIABLE includes)
	add_custom_command(
		OUTPUT ${object}
		COMMAND ${EXTFUSE_BPF_CLANG} ${EXTFUSE_BPF_FLAGS}
			-isystem ${EXTFUSE_UAPI_DIR} -idirafter ${EXTFUSE_LIBBPF_INCLUDE} ${includes}
			-MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
		DEPENDS ${source}
		DEPFILE ${object}.d
		COMMENT ${comment}
		VERBATIM)
endfunction()

# extfuse_for_host(TARGET): its sources are BPF sources, or tests of them, with fakes of the helpers.
function(extfuse_for_host target)
	set_target_properties(${target} PROPERTIES C_STANDARD 17 C_EXTENSIONS ON)
	target_compile_options(${target} PRIVATE
		-fno-strict-aliasing -Wno-unused-parameter -Wno-unknown-pragmas)
	target_include_directories(${target} BEFORE PRIVATE ${EXTFUSE_FAKES_DIR})
	target_include_directories(${target} SYSTEM PRIVATE ${EXTFUSE_UAPI_DIR})
	target_include_directories(${target} PRIVATE ${EXTFUSE_CONTRACT_DIRS} ${EXTFUSE_FAKES_DIR}/..)
endfunction()

# extfuse_add_bytecode_runner(TARGET KIT DIR TESTS FILE... OBJECTS FILE... POLICY POLICY
# [HANDLERS OBJECT...]): a program that loads this policy and these handlers and runs the tests with
# them. Tests' variables and the program's find each other by name, so the runner exports them.
function(extfuse_add_bytecode_runner target)
	cmake_parse_arguments(arg "" "KIT;POLICY" "TESTS;OBJECTS;HANDLERS" ${ARGN})
	list(JOIN arg_HANDLERS ":" handlers)
	set(list ${CMAKE_CURRENT_BINARY_DIR}/${target}.inc)
	set(text)
	add_executable(${target} ${arg_KIT}/bytecode.c ${arg_KIT}/bytecode_main.c ${arg_OBJECTS})
	foreach(test ${arg_TESTS})
		get_filename_component(name ${test} NAME_WE)
		string(APPEND text "TEST(${name})\n")
		add_library(${target}_${name} OBJECT ${test})
		extfuse_for_host(${target}_${name})
		target_compile_definitions(${target}_${name} PRIVATE main=${name}_main)
		target_link_libraries(${target}_${name} PRIVATE PkgConfig::CMOCKA)
		target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_${name}>)
	endforeach()
	file(CONFIGURE OUTPUT ${list} CONTENT "${text}")
	extfuse_for_host(${target})
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE EXTFUSE_KIT_TESTS="${list}"
		EXTFUSE_KIT_POLICY="${arg_POLICY}" EXTFUSE_KIT_HANDLERS="${handlers}")
	set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
	target_link_libraries(${target} PRIVATE PkgConfig::CMOCKA ${CMAKE_DL_LIBS})
endfunction()
