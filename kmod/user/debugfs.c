// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs files for people, whose format may change:
 *
 *	iokmem/descriptors	every descriptor, with all its maps
 *	iokmem/pools		idle memory in the pools, memory of former buffers that is still
 *				pinned, and memory that was given up
 */
#include <linux/debugfs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/leftover.h"
#include "page/pool.h"
#include "user/debugfs.h"

static struct dentry *iokmem_debugfs;

static const char * const direction_names[] = { "none", "in", "out", "inout" };

/* Show the process that a mapping was made for, with its name while it exists. */
static void show_owner(struct seq_file *m, const struct iokmem_mapping *mapping)
{
	char comm[TASK_COMM_LEN] = "gone";
	struct task_struct *task;

	if (!mapping->mm) {
		seq_puts(m, "kernel");
		return;
	}
	rcu_read_lock();
	task = pid_task(mapping->pid, PIDTYPE_TGID);
	if (task)
		get_task_comm(comm, task);
	rcu_read_unlock();
	seq_printf(m, "pid %d (%s)", pid_vnr(mapping->pid), comm);
}

static void show_map(struct seq_file *m, const struct iokmem_map *map)
{
	const struct iokmem_mapping *mapping = map->mapping;

	seq_puts(m, iokmem_map_is_whole(map) ? "  map " : "    sub-map ");
	show_owner(m, mapping);
	seq_printf(m, " at %#lx offset %zu length %zu %s%s%s references %lu\n",
		   iokmem_map_get_address(map), iokmem_map_offset(map), map->length,
		   map->options & IOKMEM_MAP_READ_ONLY ? "ro" : "rw",
		   map->options & IOKMEM_MAP_UNIQUE ? " unique" : "",
		   mapping->state == IOKMEM_MAPPING_BUILDING ? " building" : "",
		   iokmem_map_references(map));
}

static void show_maps(struct seq_file *m, struct iokmem_desc *desc)
{
	const struct iokmem_mapping *mapping;
	struct rb_node *node;

	mutex_lock(&desc->lock);
	list_for_each_entry(mapping, &desc->mappings, node) {
		show_map(m, &mapping->whole);
		for (node = rb_first(&mapping->parts); node; node = rb_next(node))
			show_map(m, rb_entry(node, struct iokmem_map, by_window));
	}
	mutex_unlock(&desc->lock);
}

/* Show the extents of the memory, and how many holds it has. */
static void show_holds(struct seq_file *m, struct iokmem_desc *desc)
{
	mutex_lock(&desc->hold_lock);
	if (desc->extents.nr)
		seq_printf(m, ", %u extents", desc->extents.nr);
	if (desc->held)
		seq_printf(m, ", held by %u%s", desc->held,
			   desc->held_read_only ? " read-only" : "");
	mutex_unlock(&desc->hold_lock);
}

static void *descriptors_start(struct seq_file *m, loff_t *pos)
{
	m->private = iokmem_descs_lock();
	return seq_list_start(m->private, *pos);
}

static void *descriptors_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, m->private, pos);
}

static void descriptors_stop(struct seq_file *m, void *v)
{
	iokmem_descs_unlock();
}

static int descriptors_show(struct seq_file *m, void *v)
{
	struct iokmem_desc *desc = list_entry(v, struct iokmem_desc, node);

	seq_printf(m, "descriptor %llu: %s, length %zu of %zu, %s, direction %s, users %u",
		   desc->id, iokmem_desc_kind_name(desc), iokmem_desc_get_length(desc),
		   desc->capacity, iokmem_cache_name(iokmem_desc_get_cache_mode(desc)),
		   direction_names[iokmem_desc_get_direction(desc)],
		   refcount_read(&desc->users));
	if (desc->parent)
		seq_printf(m, ", from byte %zu of %llu on", desc->start,
			   desc->parent->id);
	else
		show_holds(m, desc);
	seq_putc(m, '\n');
	show_maps(m, desc);
	return 0;
}

static const struct seq_operations descriptors_sops = {
	.start	= descriptors_start,
	.next	= descriptors_next,
	.stop	= descriptors_stop,
	.show	= descriptors_show,
};
DEFINE_SEQ_ATTRIBUTE(descriptors);

static int pools_show(struct seq_file *m, void *v)
{
	iokmem_pool_show(m);
	iokmem_leftover_show(m);
	seq_printf(m, "lost: %lu pages of blocks that the hardware has poisoned\n",
		   iokmem_frames_lost());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pools);

void iokmem_debugfs_init(void)
{
	iokmem_debugfs = debugfs_create_dir("iokmem", NULL);
	debugfs_create_file("descriptors", 0400, iokmem_debugfs, NULL,
			    &descriptors_fops);
	debugfs_create_file("pools", 0400, iokmem_debugfs, NULL, &pools_fops);
}

void iokmem_debugfs_exit(void)
{
	debugfs_remove(iokmem_debugfs);
}
