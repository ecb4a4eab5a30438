// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors and maps as lines of a key and a value, in /proc/PID/fdinfo and in
 * /proc/iokmem/descriptors. Documentation/procfs.md is the contract.
 *
 * All values are read without locks that another program could keep for long.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uidgid.h>

#include "desc/desc.h"
#include "map/map.h"
#include "memory/memory.h"
#include "page/cache.h"
#include "user/show.h"

static const char * const direction_names[] = { "none", "in", "out", "inout" };

/*
 * iokmem_nr_extents - count the extents of the memory
 *
 * A sub-descriptor has those of its parent.
 */
unsigned int iokmem_nr_extents(struct iokmem_desc *desc)
{
	return READ_ONCE(iokmem_desc_owner(desc)->extents.nr);
}

/*
 * iokmem_nr_maps - count the maps of the memory
 *
 * A sub-descriptor has those of its parent.
 */
unsigned int iokmem_nr_maps(struct iokmem_desc *desc)
{
	unsigned long nr = READ_ONCE(iokmem_desc_owner(desc)->nr_maps);

	return min_t(unsigned long, nr, UINT_MAX);
}

/* Show the pieces that a multi-descriptor is made of. They never change. */
static void show_members(struct seq_file *m, struct iokmem_desc *desc)
{
	size_t offset, at, n;

	for (offset = 0; offset < desc->capacity; offset += n) {
		struct iokmem_desc *leaf;

		at = offset;
		n = desc->capacity - offset;
		leaf = iokmem_desc_leaf(desc, &at, &n);
		if (leaf == desc)
			return;
		leaf = iokmem_part_whole(leaf, &at);
		seq_printf(m, "iokmem-member:\t%llu %zu %zu\n", leaf->id, at, n);
	}
}

/* Show what is true of all the memory that @desc has, or is a part of. */
static void show_memory(struct seq_file *m, struct iokmem_desc *desc)
{
	const struct iokmem_desc *owner = iokmem_desc_owner(desc);

	seq_printf(m, "iokmem-extents:\t%u\n", iokmem_nr_extents(desc));
	seq_printf(m, "iokmem-maps:\t%u\n", iokmem_nr_maps(desc));
	seq_printf(m, "iokmem-held:\t%u\n", READ_ONCE(owner->held));
	seq_printf(m, "iokmem-dma-bufs:\t%d\n", atomic_read(&owner->nr_dma_bufs));
	seq_printf(m, "iokmem-revoked:\t%d\n", READ_ONCE(owner->revoked));
}

/*
 * iokmem_show_desc - show what anybody may know who has a file of the descriptor
 */
void iokmem_show_desc(struct seq_file *m, struct iokmem_desc *desc)
{
	seq_printf(m, "iokmem-id:\t%llu\n", desc->id);
	seq_printf(m, "iokmem-kind:\t%s\n", iokmem_desc_kind_name(desc));
	seq_printf(m, "iokmem-capacity:\t%zu\n", desc->capacity);
	seq_printf(m, "iokmem-length:\t%zu\n", iokmem_desc_get_length(desc));
	seq_printf(m, "iokmem-resident:\t%zu\n", iokmem_desc_resident(desc));
	seq_printf(m, "iokmem-charged:\t%lu\n", desc->charge.nr_pages << PAGE_SHIFT);
	seq_printf(m, "iokmem-cache:\t%s\n",
		   iokmem_cache_name(iokmem_desc_get_cache_mode(desc)));
	seq_printf(m, "iokmem-direction:\t%s\n",
		   direction_names[iokmem_desc_get_direction(desc) & IOKMEM_DIRECTION_MASK]);
	seq_printf(m, "iokmem-prepared:\t%u\n", READ_ONCE(desc->prepared));
	show_memory(m, desc);
	if (desc->parent) {
		seq_printf(m, "iokmem-parent:\t%llu\n", desc->parent->id);
		seq_printf(m, "iokmem-offset:\t%zu\n", desc->start);
	}
	show_members(m, desc);
}

/* Show a name that a program has chosen. It cannot end the line, or begin another one. */
static void show_comm(struct seq_file *m, const char *key, const char *comm)
{
	seq_printf(m, "%s:\t", key);
	seq_escape(m, comm, "\n\\");
	seq_putc(m, '\n');
}

/* Copy the name of the process to @comm. Return false if the process has exited. */
static bool find_comm(struct pid *pid, char *comm)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	if (task)
		strscpy(comm, task->comm, TASK_COMM_LEN);
	rcu_read_unlock();
	return task;
}

static void show_uid(struct seq_file *m, const char *key, kuid_t uid)
{
	seq_printf(m, "%s:\t%u\n", key, from_kuid_munged(seq_user_ns(m), uid));
}

/*
 * Show what @pid is, and its number. NULL stands for the kernel. Return true, with the name in
 * @comm, if it is a process that exists.
 */
static bool show_process(struct seq_file *m, const char *key, const char *pid_key,
			 struct pid *pid, char *comm)
{
	bool exists = pid && find_comm(pid, comm);

	seq_printf(m, "%s:\t%s\n", key, exists ? "process" : pid ? "exited" : "kernel");
	if (pid)
		seq_printf(m, "%s:\t%d\n", pid_key, pid_vnr(pid));
	return exists;
}

static void show_maker(struct seq_file *m, const struct iokmem_desc *desc)
{
	char comm[TASK_COMM_LEN];

	/* The name may have changed since. */
	show_process(m, "iokmem-maker", "iokmem-maker-pid", desc->maker, comm);
	show_uid(m, "iokmem-maker-uid", desc->maker_uid);
	show_comm(m, "iokmem-maker-comm", desc->maker_comm);
}

/*
 * iokmem_show_listed - show what the administrator may know of a descriptor, as a record
 */
void iokmem_show_listed(struct seq_file *m, struct iokmem_desc *desc)
{
	iokmem_show_desc(m, desc);
	seq_printf(m, "iokmem-users:\t%u\n", refcount_read(&desc->users));
	show_maker(m, desc);
	if (desc->charge.cred)
		show_uid(m, "iokmem-charged-uid", desc->charge.cred->user->uid);
	iokmem_desc_show_holders(m, desc);
	seq_putc(m, '\n');
}

/* Show the process that a mapping was made for, with its name while it exists. */
static void show_space(struct seq_file *m, const struct iokmem_mapping *mapping)
{
	char comm[TASK_COMM_LEN];

	if (show_process(m, "iokmem-map-space", "iokmem-map-pid",
			 mapping->mm ? mapping->pid : NULL, comm))
		show_comm(m, "iokmem-map-comm", comm);
}

/*
 * iokmem_show_map - show what the administrator may know of a map, as a record
 *
 * Addresses of the kernel's are not told. Caller must hold the descriptor's lock.
 */
void iokmem_show_map(struct seq_file *m, const struct iokmem_map *map)
{
	const struct iokmem_mapping *mapping = map->mapping;

	lockdep_assert_held(&mapping->backing.desc->lock);

	seq_printf(m, "iokmem-map:\t%llu\n", mapping->backing.desc->id);
	seq_printf(m, "iokmem-map-mapping:\t%llu\n", mapping->age);
	seq_printf(m, "iokmem-map-part:\t%d\n", !iokmem_map_is_whole(map));
	show_space(m, mapping);
	if (mapping->mm)
		seq_printf(m, "iokmem-map-address:\t%#lx\n", iokmem_map_get_address(map));
	seq_printf(m, "iokmem-map-offset:\t%zu\n", iokmem_map_offset(map));
	seq_printf(m, "iokmem-map-length:\t%zu\n", map->length);
	seq_printf(m, "iokmem-map-rights:\t%s\n",
		   map->options & IOKMEM_MAP_READ_ONLY ? "ro" : "rw");
	seq_printf(m, "iokmem-map-unique:\t%d\n", !!(map->options & IOKMEM_MAP_UNIQUE));
	seq_printf(m, "iokmem-map-references:\t%lu\n\n", iokmem_map_references(map));
}
