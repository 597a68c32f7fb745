# SPDX-License-Identifier: GPL-2.0-only
# extfuse_add_unit_test(NAME [SOURCES...] [LIBRARIES...]): one cmocka executable, build/unit/NAME,
# that CTest runs. Debug builds have ASan and UBSan. A test function that is not run is an error.

if(BUILD_TESTING)
	find_package(PkgConfig REQUIRED)
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

# extfuse_c_target(TARGET): the project's C dialect and warnings, and in Debug builds the sanitizers.
function(extfuse_c_target target)
	set_target_properties(${target} PROPERTIES C_STANDARD 17 C_EXTENSIONS ON)
	target_compile_options(${target} PRIVATE -Wall -Wextra -Werror
		$<$<CONFIG:Debug>:-fsanitize=address,undefined -fno-sanitize-recover=all>)
	target_link_options(${target} PRIVATE $<$<CONFIG:Debug>:-fsanitize=address,undefined>)
endfunction()

function(extfuse_add_unit_test name)
	cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
	add_executable(${name} ${PROJECT_SOURCE_DIR}/unit/${name}.c ${arg_SOURCES})
	extfuse_c_target(${name})
	target_compile_options(${name} PRIVATE -Werror=unused-function)
	target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} PkgConfig::CMOCKA)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
	add_test(NAME ${name} COMMAND ${name})
endfunction()
