# SPDX-License-Identifier: GPL-2.0-only
# The demo's small C build: libfdt, in scripts/dtc/libfdt of a kernel tree, where make is started.
top := ../../..
objects := $(patsubst %.c,%.o,$(wildcard *.c))

CFLAGS := -O0 -pipe -w
CPPFLAGS := -MMD -I. -I$(top)/tools/include -I$(top)/tools/include/uapi

libfdt.a: $(objects)
	$(AR) rcsD $@ $^

clean:
	$(RM) libfdt.a $(objects) $(objects:.o=.d)

.PHONY: clean
