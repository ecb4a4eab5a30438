# SPDX-License-Identifier: GPL-2.0-only
#
# For people; kbuild reads Kbuild. 'make help' lists the targets.

KVER	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KVER)/build
INSTALL_MOD_DIR ?= updates
MANDIR	?= /usr/local/share/man
# How long to fuzz, or to torture.
MINUTES	?= 10
# The kernel to run: one of Debian's (scripts/stock-kernel) or of our own
# (scripts/test-kernel).
KERNEL	?=
# Options of scripts/bench.
BENCH	?=

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="*\([^"]*\)"*$$/\1/p' dkms.conf 2>/dev/null)
DKMS_SOURCES := $(wildcard Kbuild Kconfig COPYING dkms.conf kmod include kunit samples)

modules: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Without them kbuild's own message says nothing that helps.
headers:
	@test -e "$(KDIR)/Makefile" || { \
		echo "no kernel headers in $(KDIR): install them (on Debian: apt-get install" \
			"linux-headers-$(KVER)), or say KDIR= or KVER=" >&2; exit 1; }

modules_install: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_DIR=$(INSTALL_MOD_DIR) modules_install

# Needs no kernel headers, unlike kbuild's own clean.
clean:
	rm -rf build modules.order Module.symvers .modules.order.cmd .Module.symvers.cmd
	find $(wildcard Kbuild kmod include kunit samples) -type f \( -name '*.[oa]' -o -name '*.ko' \
		-o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.order' \
		-o -name '.*.d' \) -delete

demo:
	@scripts/demo $(KERNEL)

check:
	@scripts/check "$(SUITE)" $(KERNEL)

check-all:
	@scripts/check all

torture:
	@MINUTES=$(MINUTES) scripts/check torture_test $(KERNEL)

check-library:
	@scripts/check library

bench:
	@scripts/bench $(BENCH)

lint:
	@scripts/lint

# From the comments in the sources, by the kernel's own scripts/kernel-doc.
man:
	@rm -rf build/man
	@scripts/man build/man

man-install: man
	install -d $(DESTDIR)$(MANDIR)/man4 $(DESTDIR)$(MANDIR)/man9
	install -m 644 build/man/man4/* $(DESTDIR)$(MANDIR)/man4
	install -m 644 build/man/man9/* $(DESTDIR)$(MANDIR)/man9

fuzz:
	@scripts/model $(MINUTES)

model:
	@scripts/life

shell:
	@scripts/shell $(KERNEL)

# Only sources: objects of another kernel would be taken for up to date.
dkms-install: clean
	@test -n "$(VERSION)" || { echo "no version in dkms.conf" >&2; exit 1; }
	rm -rf $(DESTDIR)/usr/src/iokmem-$(VERSION)
	mkdir -p $(DESTDIR)/usr/src/iokmem-$(VERSION)
	cp -R $(DKMS_SOURCES) $(DESTDIR)/usr/src/iokmem-$(VERSION)/
	@echo "Now: dkms install iokmem/$(VERSION)"

help:
	@echo 'make                  build the modules for the running kernel'
	@echo '     KVER=, KDIR=     for another kernel, by release or by headers'
	@echo 'make modules_install  install them (root)'
	@echo 'make dkms-install     put the sources where DKMS finds them (root)'
	@echo 'make demo             a program using the module, in a virtual machine'
	@echo '     KERNEL=newest    on another kernel of Debian: 6.1, newest, arm64-6.12, ...'
	@echo 'make check            what a change has to pass, in virtual machines'
	@echo '     SUITE=NAME       only one KUnit suite, one program of tools/testing, user (all'
	@echo '                      programs), leaks (those that read all that the module tells), or'
	@echo '                      devices (what is about devices and DMA)'
	@echo '     KERNEL=kmsan     on one kernel: one of Debian (6.1, 6.12, newest, arm64-6.1,'
	@echo '                      arm64-6.12, arm64-16k), debug, devices (debug, with devices),'
	@echo '                      iommu (devices, with an IOMMU), two-nodes (6.12, with two NUMA'
	@echo '                      nodes), kcsan or kmsan'
	@echo 'make check-all        that and all else: arm64, devices, sanitizers'
	@echo 'make torture          everything at random and at once, on the debug kernel'
	@echo '     MINUTES=10       for how long'
	@echo '     KERNEL=kcsan     or on another kernel'
	@echo 'make check-library    only the tests of tools/libiokmem, by valgrind too'
	@echo 'make bench            what the module costs, in instructions'
	@echo '     BENCH=--quick    only ours, compared with what is checked in: 40 s'
	@echo '     BENCH=--help     how to count only a part, or see in which functions it is'
	@echo 'make lint             static checks only'
	@echo 'make man              manual pages, in build/man'
	@echo 'make man-install      install them (root); MANDIR=, DESTDIR='
	@echo 'make fuzz             search for requests on which the module and the model of'
	@echo '                      its maps (tools/testing/model) do not agree'
	@echo '     MINUTES=10       for how long'
	@echo 'make model            check the life of a mapping exhaustively, as a model (kmod/map/life.pml)'
	@echo 'make shell            a prompt in the test kernel, in a virtual machine'
	@echo '     KERNEL=6.12      in a kernel of Debian'
	@echo 'make clean            remove what was built (not the cache of kernels)'
	@echo
	@echo 'V=1 shows the commands of a build. Kernels are kept in ~/.cache/iokmem'
	@echo '(IOKMEM_CACHE= or XDG_CACHE_HOME= moves it).'

.PHONY: modules headers modules_install clean demo check check-all check-library torture bench lint fuzz model shell \
	man man-install dkms-install help
