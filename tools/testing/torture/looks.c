// SPDX-License-Identifier: GPL-2.0-only
/* Observers of the kernel's files, and users that need memory. */
#include "torture.h"

/* Read a file that the kernel generates. It may not exist for every user. */
static void read_all(const char *path)
{
	char bytes[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (read(fd, bytes, sizeof(bytes)) > 0)
		continue;
	close(fd);
}

void op_look_around(struct thread *thread)
{
	static const char * const paths[] = {
		"/proc/self/maps", "/proc/self/smaps", "/proc/self/numa_maps", LIST, POOLS,
	};
	struct handle *handle = any_handle(thread);
	struct reference *ref = any_reference(thread);
	char path[64];
	__u64 entry;
	int fd;

	read_all(paths[below(thread, ARRAY_SIZE(paths))]);
	if (handle) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", handle->fd);
		read_all(path);
	}
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && ref)
		(void)!pread(fd, &entry, sizeof(entry), ref->address / PAGE * sizeof(entry));
	if (fd >= 0)
		close(fd);
}

/* Reclaim memory as an administrator can. Other users are refused. */
void op_shrink(struct thread *thread)
{
	switch (below(thread, 3)) {
	case 0:
		/* Drop slab objects; bit 4 suppresses the line in the log. */
		write_file("/proc/sys/vm/drop_caches", "6");
		break;
	case 1:
		write_file("/proc/sys/vm/compact_memory", "1");
		break;
	case 2:
		write_file("/sys/fs/cgroup/memory.reclaim", "2M");
		break;
	}
}

/* Use more memory than the memory cgroup has. */
void op_balloon(struct thread *thread)
{
	size_t size = below(thread, 12 * MIB) & ~(PAGE - 1), at;
	char *bytes;

	if (!thread->process->pressed || !size)
		return;
	will_map(thread);
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	has_mapped(thread);
	if (bytes == MAP_FAILED)
		return;
	for (at = 0; at < size; at += PAGE)
		bytes[at] = 1;
	munmap(bytes, size);
}
