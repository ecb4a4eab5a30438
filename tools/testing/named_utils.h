/* SPDX-License-Identifier: GPL-2.0-only */
/* Named buffers: the module iokmem_named, its files, and the nodes that it makes. */
#ifndef _NAMED_UTILS_H
#define _NAMED_UTILS_H

#include "bounded.h"

#define MODULE	"/modules/named/iokmem_named.ko"
#define DRIVER	"/sys/bus/platform/drivers/iokmem-buffer/"
#define NODES	"/dev/iokmem.d/"
#define SYSFS	"/sys/class/misc/iokmem."
#define SIZE	(1 * MIB)

static inline int load(const char *parameters)
{
	int file = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err = syscall(SYS_finit_module, file, parameters, 0) ? -errno : 0;

	close(file);
	return err;
}

static inline int try_to_unload(void)
{
	return syscall(SYS_delete_module, "iokmem_named", O_NONBLOCK) ? -errno : 0;
}

/* Files of processes that have ended may be closed a moment later. */
static inline bool unload(void)
{
	return SOON(!try_to_unload());
}

static inline int make(const char *text)
{
	return write_file(DRIVER "create", text);
}

static inline int take_away(const char *name)
{
	return write_file(DRIVER "remove", name);
}

static inline bool is_there(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), NODES "%s", name);
	return !access(path, F_OK);
}

/* Count the entries of a directory that do not begin with "tree-": see named_test.dts. */
static inline int nr_entries(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int nr = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.' && strncmp(entry->d_name, "tree-", 5);
	closedir(dir);
	return nr;
}

static inline int nr_nodes(void)
{
	return nr_entries(NODES);
}

static inline int memory_of(int fd)
{
	struct iokmem_client_memory arg = { .size = sizeof(arg) };
	int err = iok(fd, IOKMEM_CLIENT_MEMORY, &arg);

	return err ? err : arg.fd;
}

static inline char *map_file(int fd, int prot)
{
	return mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
}

#endif /* _NAMED_UTILS_H */
