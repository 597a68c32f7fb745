# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# For projects of handlers and policies:
#
#   extfuse_add_handler(NAME), extfuse_add_policy(NAME)
#       NAME.bpf.o in the current binary directory, from NAME.bpf.c of the current source directory;
#       for stackfs -o handler=PATH and -o policy=PATH
#
#   extfuse_add_unit_test(NAME [SOURCES FILE...] [HANDLERS NAME...] [POLICIES NAME...])
#       A test that CTest runs, from SOURCES (default NAME.c): the program that a mount would have,
#       compiled for the host, with these handlers in place of the built-in ones of their opcodes,
#       and these policies: NAME.bpf.c of the current source directory, else the built-in one.
#       Needs cmocka. Options for the compiler (sanitizers, coverage) are taken from the directory's.
#       Where libextfuse and libbpf's headers are installed there is also NAME_bytecode, which runs
#       the same test with the bytecode, as root on a kernel with ExtFUSE; CTest does not run it.
#
#   extfuse_add_coverage([LIMIT PERCENT])
#       A target coverage: it runs the tests and lists the lines of this directory's BPF sources
#       that they ran. Fails below LIMIT (default 95). Configure with -DCMAKE_C_FLAGS=--coverage.

function(extfuse_add_object_ name)
	set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
	if(NOT EXISTS ${source})
		message(FATAL_ERROR "there is no ${name}.bpf.c in ${CMAKE_CURRENT_SOURCE_DIR}")
	endif()
	extfuse_compile_bpf(${source} ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o "BPF ${name}.bpf.o")
	add_custom_target(${name}_bpf ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
endfunction()

function(extfuse_add_handler name)
	extfuse_add_object_(${name})
endfunction()

function(extfuse_add_policy name)
	extfuse_add_object_(${name})
endfunction()

# What every test is linked with, compiled once.
function(extfuse_add_kit_)
	if(TARGET extfuse_testkit)
		return()
	endif()
	find_package(PkgConfig REQUIRED)
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET GLOBAL cmocka)
	file(GLOB sources ${EXTFUSE_KIT_DIR}/handlers/*.bpf.c)
	add_library(extfuse_testkit OBJECT EXCLUDE_FROM_ALL ${sources} ${EXTFUSE_KIT_DIR}/fakes/fake.c)
	add_library(extfuse_testkit_host OBJECT EXCLUDE_FROM_ALL ${EXTFUSE_KIT_DIR}/fakes/host.c)
	foreach(target extfuse_testkit extfuse_testkit_host)
		extfuse_for_host(${target})
		target_include_directories(${target} PRIVATE ${EXTFUSE_KIT_DIR}/names)
		target_link_libraries(${target} PUBLIC PkgConfig::CMOCKA)
	endforeach()
endfunction()

# The same test with the bytecode: NAME_bytecode, of this policy and these handlers.
function(extfuse_add_bytecode_test_ name test policies handlers)
	set(objects $<TARGET_OBJECTS:extfuse_testkit>)
	if(TARGET ${name}_plugged)
		list(APPEND objects $<TARGET_OBJECTS:${name}_plugged>)
	endif()
	list(JOIN policies "+" policy)
	if(NOT policy)
		set(policy ${EXTFUSE_KIT_DIR}/fakes/none.bpf.o)
	endif()
	extfuse_add_bytecode_runner(${name}_bytecode KIT ${EXTFUSE_KIT_DIR}/fakes
		TESTS ${test} OBJECTS ${objects} POLICY ${policy} HANDLERS ${handlers})
	target_link_libraries(${name}_bytecode PRIVATE extfuse::libextfuse_shared PkgConfig::LIBBPF)
endfunction()

function(extfuse_add_coverage)
	cmake_parse_arguments(arg "" "LIMIT" "" ${ARGN})
	if(NOT arg_LIMIT)
		set(arg_LIMIT 95)
	endif()
	add_custom_target(coverage
		COMMAND ${CMAKE_CTEST_COMMAND} --output-on-failure
		COMMAND python3 ${EXTFUSE_KIT_DIR}/fakes/coverage.py --limit ${arg_LIMIT}
			${CMAKE_CURRENT_BINARY_DIR} ${CMAKE_CURRENT_SOURCE_DIR}
		WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
		VERBATIM)
endfunction()

function(extfuse_add_unit_test name)
	cmake_parse_arguments(arg "" "" "SOURCES;HANDLERS;POLICIES" ${ARGN})
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "extfuse_add_unit_test(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
	endif()
	if(NOT arg_SOURCES)
		set(arg_SOURCES ${name}.c)
	endif()
	extfuse_add_kit_()

	set(plugged)
	set(handlers)
	set(policies)
	foreach(handler ${arg_HANDLERS})
		list(APPEND plugged ${CMAKE_CURRENT_SOURCE_DIR}/${handler}.bpf.c)
		list(APPEND handlers ${CMAKE_CURRENT_BINARY_DIR}/${handler}.bpf.o)
	endforeach()
	foreach(policy ${arg_POLICIES})
		set(source ${CMAKE_CURRENT_SOURCE_DIR}/${policy}.bpf.c)
		if(NOT EXISTS ${source} AND EXISTS ${EXTFUSE_KIT_DIR}/policies/${policy}.bpf.c)
			set(source ${EXTFUSE_KIT_DIR}/policies/${policy}.bpf.c)
			list(APPEND policies ${policy})
		else()
			list(APPEND policies ${CMAKE_CURRENT_BINARY_DIR}/${policy}.bpf.o)
		endif()
		list(APPEND plugged ${source})
	endforeach()

	add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:extfuse_testkit>
		$<TARGET_OBJECTS:extfuse_testkit_host>)
	extfuse_for_host(${name})
	# A test function that is not run is an error.
	target_compile_options(${name} PRIVATE -Wall -Wextra -Werror=unused-function)
	target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA)
	if(plugged)
		add_library(${name}_plugged OBJECT ${plugged})
		extfuse_for_host(${name}_plugged)
		target_compile_options(${name}_plugged PRIVATE -Wall -Wextra)
		target_compile_definitions(${name}_plugged PRIVATE FAKE_USER=1)
		target_sources(${name} PRIVATE $<TARGET_OBJECTS:${name}_plugged>)
	endif()
	add_test(NAME ${name} COMMAND ${name})
	list(LENGTH arg_SOURCES sources)
	if(extfuse_library_FOUND AND sources EQUAL 1)
		extfuse_add_bytecode_test_(${name} "${arg_SOURCES}" "${policies}" "${handlers}")
	endif()
endfunction()
