# SPDX-License-Identifier: GPL-2.0-only
#
# For people; kbuild reads Kbuild. 'make help' lists the targets.

KVER	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KVER)/build
INSTALL_MOD_DIR ?= updates
# Where everything but the module goes, and what drivers are built with: those are the kernel's.
PREFIX	?= /usr/local
LIBDIR	?= $(PREFIX)/lib
MANDIR	?= $(PREFIX)/share/man
override DESTDIR := $(abspath $(DESTDIR))
SRCDIR	:= $(DESTDIR)/usr/src/iokmem
# 'no': install no manual pages.
MAN	?=
# How long to fuzz, or to torture.
MINUTES	?= 10
# What random numbers begin with; by default the time, or 1 for mutants.
SEED	?=
# The kernel to run: one of Debian's (scripts/stock-kernel) or of our own
# (scripts/test-kernel).
KERNEL	?=
# Options of scripts/bench.
BENCH	?=
# The sources to make mutants of, and how many of each.
FILE	?=
NUMBER	?= 10

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="*\([^"]*\)"*$$/\1/p' dkms.conf 2>/dev/null)
DKMS_SOURCES := Kbuild Kconfig COPYING dkms.conf kmod include scripts/dkms-symvers
DKMS_DIR := $(SRCDIR)-$(VERSION)
# Headers that drivers include.
DRIVER_HEADERS := $(addprefix include/,linux/iokmem.h linux/iokmem_client.h uapi/linux/iokmem.h) \
	$(filter-out $(addprefix %/,DriverKit.h DriverKitTypes.h IOKitLib.h),$(wildcard include/iokit/*.h))
# The kernel's name, which is not KVER if KDIR is given.
RELEASE	 = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null),$(KVER))
MODULES	 = $(DESTDIR)/lib/modules/$(RELEASE)
SYSTEM	:= $(DESTDIR)$(PREFIX)/lib
LIBRARY	:= $(MAKE) -C tools/libiokmem OUT=$(CURDIR)/build/libiokmem DESTDIR=$(DESTDIR) \
	PREFIX=$(PREFIX) LIBDIR=$(LIBDIR)
# Where the Python package goes; 'no': nowhere.
PYTHONDIR ?= $(if $(shell command -v python3),,no)
PYTHON	:= $(MAKE) -C tools/python DESTDIR=$(DESTDIR) $(if $(PYTHONDIR),PYTHONDIR=$(PYTHONDIR))
TOOL	:= $(MAKE) -C tools/iokmem OUT=$(CURDIR)/build/iokmem DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) \
	MANDIR=$(MANDIR)

# One target after the other: a check comes before what it is for. kbuild's jobs are parallel.
.NOTPARALLEL:

modules: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Without them kbuild's own message says nothing that helps.
headers:
	@test -e "$(KDIR)/Makefile" || { \
		echo "no kernel headers in $(KDIR): install them (on Debian: apt-get install" \
			"linux-headers-$(KVER)), or say KDIR= or KVER=" >&2; exit 1; }

samples: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) IOKMEM_SAMPLES=1 modules

# What 'make samples' has built is not installed.
modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) \
		INSTALL_MOD_DIR=$(INSTALL_MOD_DIR) modules_install
	install -m 644 Module.symvers $(MODULES)/$(INSTALL_MOD_DIR)/iokmem.symvers
	[ -n "$(DESTDIR)" ] || depmod $(RELEASE)

install: no-dkms install-files modules_install
	install -d $(SRCDIR)
	cp -R --parents $(DRIVER_HEADERS) $(SRCDIR)
	@[ -n "$(DESTDIR)" ] || echo "Now: modprobe iokmem, and 'usermod -aG iokmem USER' for" \
		"each user of /dev/iokmem"
	@[ -n "$(DESTDIR)" ] || [ -n "$$(modinfo -k $(RELEASE) -F signer iokmem 2>/dev/null)" ] || \
		! grep -qs -e Y -e '\[[ic]' /sys/module/module/parameters/sig_enforce \
			/sys/kernel/security/lockdown || \
		echo "But this kernel loads signed modules only: sign the module first, see" \
			"'Secure Boot' in iokmem(8)"

# DKMS would build another module, for whose sources the headers are a link.
no-dkms:
	@test ! -L $(SRCDIR)/include || { echo "iokmem is installed by DKMS: remove the package" \
		"iokmem-dkms, or say 'make dkms-uninstall', first" >&2; exit 1; }

# These files do not depend on a kernel.
install-files: $(if $(filter no,$(MAN)),,man-install)
	$(LIBRARY) install
	$(TOOL) install
	$(if $(filter no,$(PYTHONDIR)),,$(PYTHON) install)
	install -D -m 644 include/uapi/linux/iokmem.h $(DESTDIR)$(PREFIX)/include/linux/iokmem.h
	install -D -m 644 tools/system/iokmem.rules $(SYSTEM)/udev/rules.d/60-iokmem.rules
	install -D -m 644 tools/system/iokmem.sysusers $(SYSTEM)/sysusers.d/iokmem.conf
	install -D -m 644 tools/system/iokmem.modules-load $(SYSTEM)/modules-load.d/iokmem.conf
ifeq ($(DESTDIR),)
	ldconfig
	systemd-sysusers $(PREFIX)/lib/sysusers.d/iokmem.conf 2>/dev/null || groupadd -rf iokmem
	udevadm control --reload 2>/dev/null || :
endif

# The group stays, because files may belong to it.
uninstall: no-dkms $(if $(filter no,$(MAN)),,man)
	$(LIBRARY) uninstall
	$(TOOL) uninstall
	$(if $(filter no,$(PYTHONDIR)),,$(PYTHON) uninstall)
	rm -f $(DESTDIR)$(PREFIX)/include/linux/iokmem.h $(SYSTEM)/udev/rules.d/60-iokmem.rules \
		$(SYSTEM)/sysusers.d/iokmem.conf $(SYSTEM)/modules-load.d/iokmem.conf \
		$(addprefix $(MODULES)/$(INSTALL_MOD_DIR)/,iokmem.symvers kmod/iokmem.ko* \
			kmod/named/iokmem_named.ko*)
	rmdir $(addprefix $(MODULES)/$(INSTALL_MOD_DIR)/,kmod/named kmod) 2>/dev/null || :
	rm -rf $(SRCDIR)
	[ "$(MAN)" = no ] || (cd build/man && find * -type f) | (cd $(DESTDIR)$(MANDIR) && xargs rm -f)
	[ -n "$(DESTDIR)" ] || [ ! -e $(MODULES) ] || depmod $(RELEASE)

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

check-packages:
	@scripts/check-packages

check-library:
	@scripts/check library

coverage:
	@scripts/coverage

mutants:
	@scripts/mutants $(if $(KERNEL),--kernel $(KERNEL)) --number $(NUMBER) --seed $(or $(SEED),1) $(FILE)

bench:
	@scripts/bench $(BENCH)

lint:
	@scripts/lint

# From the comments in the sources.
man:
	@command -v python3 >/dev/null || { echo "making manual pages takes python3: install it," \
		"or say MAN=no" >&2; exit 1; }
	@rm -rf build/man
	@scripts/man build/man

man-install: man
	install -d $(patsubst %,$(DESTDIR)$(MANDIR)/man%,3 4 7 8 9)
	cd build/man && for section in *; do \
		install -m 644 $$section/* $(DESTDIR)$(MANDIR)/$$section || exit 1; done

# The guides and the manual pages, to be read offline.
# Another python3 that comes first in PATH need not have the modules that Debian's has.
html: man
	@for python in python3 /usr/bin/python3; do \
		$$python -c 'import markdown' 2>/dev/null && break; \
	done && command -v mandoc >/dev/null || { \
		echo "making HTML takes python3-markdown and mandoc: install them" >&2; exit 1; }; \
	$$python scripts/html build/html build/man
	@echo build/html/README.html

fuzz:
	@scripts/model $(MINUTES)

fuzz-ioctl:
	@scripts/fuzz-ioctl $(MINUTES) $(SEED)

model:
	@scripts/life

shell:
	@scripts/shell $(KERNEL)

# Only sources: objects of another kernel would be taken for up to date.
dkms-install: clean
	@test -n "$(VERSION)" || { echo "no version in dkms.conf" >&2; exit 1; }
	@test -L $(SRCDIR)/include || test ! -e $(SRCDIR) || { \
		echo "iokmem is installed by 'make install': say 'make uninstall' first" >&2; exit 1; }
	rm -rf $(DKMS_DIR)
	install -d $(DKMS_DIR) $(SRCDIR)
	cp -R --parents $(DKMS_SOURCES) $(DKMS_DIR)
	ln -sfn ../iokmem-$(VERSION)/include $(SRCDIR)/include
	@echo "Now: dkms install iokmem/$(VERSION)"

dkms-uninstall:
	-dkms remove iokmem/$(VERSION) --all
	rm -rf $(DKMS_DIR) $(SRCDIR)

deb:
	@scripts/deb

help:
	@echo 'make                  build the modules for the running kernel'
	@echo '     KVER=, KDIR=     for another kernel, by release or by headers'
	@echo 'make samples          build the sample drivers, too'
	@echo 'make install          install the module, headers, the library, the tool iokmem, the Python'
	@echo '                      package, manual pages, a udev rule and the group iokmem (root); make'
	@echo '                      uninstall removes them'
	@echo '     PREFIX=/usr      not in /usr/local'
	@echo '     DESTDIR=         below this directory, for packaging'
	@echo '     MAN=no           without manual pages, which take python3'
	@echo '     PYTHONDIR=DIR    the Python package to DIR; no: without it'
	@echo 'make modules_install  install the module only (root)'
	@echo 'make deb              packages for Debian, in build/deb'
	@echo 'make dkms-install     put the sources where DKMS finds them (root); make dkms-uninstall'
	@echo '                      removes them'
	@echo 'make demo             a program using the module, in a virtual machine'
	@echo '     KERNEL=newest    on another kernel of Debian: 6.1, newest, arm64-6.12, ...'
	@echo 'make check            what a change has to pass, in virtual machines'
	@echo '     SUITE=NAME       only one KUnit suite, one program of tools/testing, user (all'
	@echo '                      programs), leaks (those that read all that the module tells), or'
	@echo '                      devices (what is about devices and DMA)'
	@echo '     KERNEL=kmsan     on one kernel: one of Debian (6.1, 6.12, newest, arm64-6.1,'
	@echo '                      arm64-6.12, arm64-16k), debug, devices (debug, with devices),'
	@echo '                      iommu (devices, with an IOMMU), two-nodes (6.12, with two NUMA'
	@echo '                      nodes), vfio (6.12, with VFIO), gcov, kcsan or kmsan'
	@echo 'make check-all        that and all else: arm64, devices, sanitizers'
	@echo 'make torture          everything at random and at once, on the devices kernel'
	@echo '     MINUTES=10       for how long'
	@echo '     KERNEL=kcsan     or on another kernel'
	@echo 'make check-packages   install, use and remove the packages on Debian 12 and 13'
	@echo 'make check-library    only the tests of tools/libiokmem, by valgrind too'
	@echo 'make coverage         which lines and branches of the module the tests run'
	@echo 'make mutants          whether the tests notice faults, which it puts into the module;'
	@echo '                      after make coverage'
	@echo '     FILE=kmod/x/x.c  the source, or several'
	@echo '     NUMBER=10        how many faults, one at a time; SEED=1: which of them'
	@echo '     KERNEL=devices   with a device; otherwise on the debug kernel'
	@echo 'make bench            what the module costs, in instructions'
	@echo '     BENCH=--quick    only ours, compared with what is checked in: 40 s'
	@echo '     BENCH=--help     how to count only a part, or see in which functions it is'
	@echo 'make lint             static checks only'
	@echo 'make man              manual pages, in build/man'
	@echo 'make man-install      install them (root); MANDIR=, DESTDIR='
	@echo 'make html             the guides and manual pages as HTML, in build/html'
	@echo 'make fuzz             search for requests on which the module and the model of'
	@echo '                      its maps (tools/testing/model) do not agree'
	@echo '     MINUTES=10       for how long'
	@echo 'make fuzz-ioctl       have random programs call the module, guided by which code runs'
	@echo '     SEED=            as in that run'
	@echo 'make model            check the life of a mapping exhaustively, as a model (kmod/map/life.pml)'
	@echo 'make shell            a prompt in the test kernel, in a virtual machine'
	@echo '     KERNEL=6.12      in a kernel of Debian'
	@echo 'make clean            remove what was built (not the cache of kernels)'
	@echo
	@echo 'V=1 shows the commands of a build. Kernels are kept in ~/.cache/iokmem'
	@echo '(IOKMEM_CACHE= or XDG_CACHE_HOME= moves it).'

.PHONY: modules headers samples modules_install install no-dkms install-files uninstall clean demo check check-all check-packages check-library torture coverage mutants bench lint fuzz fuzz-ioctl model shell \
	man man-install html dkms-install dkms-uninstall deb help
