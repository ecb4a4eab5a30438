// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs files for people, whose format may change:
 *
 *	iokmem/descriptors	every descriptor, with all its live maps
 *	iokmem/pools		idle memory in the pools, memory of former buffers that is still
 *				pinned, and memory that was given up
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
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
	seq_printf(m, " at %#lx offset %zu length %zu %s%s references %lu\n",
		   iokmem_map_get_address(map), iokmem_map_offset(map), map->length,
		   map->options & IOKMEM_MAP_READ_ONLY ? "ro" : "rw",
		   map->options & IOKMEM_MAP_UNIQUE ? " unique" : "",
		   iokmem_map_references(map));
}

/* Show the extents of the memory, and how many holds it has. */
static void show_holds(struct seq_file *m, struct iokmem_desc *desc)
{
	unsigned int nr = READ_ONCE(desc->extents.nr), held = READ_ONCE(desc->held);

	if (nr)
		seq_printf(m, ", %u extents", nr);
	if (held)
		seq_printf(m, ", held by %u%s", held,
			   READ_ONCE(desc->held_read_only) ? " read-only" : "");
}

static void show_desc(struct seq_file *m, struct iokmem_desc *desc)
{
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
}

/**
 * struct record - a line of the list: a descriptor, a live mapping of it, or a map of a part
 * @desc: the descriptor, with a count during a read(); NULL: there are no more lines
 * @id: its number, to find the place again in the next read()
 * @is_map: the line is one of a mapping, or of a part of it
 * @mapping: where the mapping is in the descriptor's tree of live ones
 * @delta: where the part begins in the mapping
 * @length: length of the part; 0: all of the mapping
 *
 * No lock is held from one line to the next, since there may be many.
 */
struct record {
	struct iokmem_desc *desc;
	u64 id;
	bool is_map;
	struct iokmem_live_key mapping;
	size_t delta;
	size_t length;
};

/* Go to the line of the descriptor with this number, or to that of the next one. */
static void go_to_desc(struct record *record, u64 id)
{
	record->desc = iokmem_desc_from(id);
	if (!record->desc || record->desc->id != record->id)
		record->is_map = false;
	if (record->desc)
		record->id = record->desc->id;
}

/* Return the mapping of the record's line, or NULL if it has ended. */
static struct iokmem_mapping *mapping_of(const struct record *record)
{
	struct iokmem_mapping *mapping;

	mapping = iokmem_index_live_from(record->desc, &record->mapping);
	return mapping && mapping->mm == record->mapping.mm &&
	       mapping->address == record->mapping.address &&
	       mapping->age == record->mapping.age ? mapping : NULL;
}

/* Go to the next mapping of the descriptor. Return false if there is none. */
static bool go_to_next_mapping(struct record *record)
{
	struct iokmem_live_key key = {};
	struct iokmem_mapping *mapping;

	if (record->is_map) {
		key = record->mapping;
		key.age++;
	}
	mapping = iokmem_index_live_from(record->desc, &key);
	if (!mapping)
		return false;
	record->is_map = true;
	record->mapping = iokmem_live_key_of(mapping);
	record->delta = 0;
	record->length = 0;
	return true;
}

/* Go to the next map of the descriptor. Return false if there is none. */
static bool go_to_next_map(struct record *record)
{
	const struct iokmem_mapping *mapping;
	const struct iokmem_map *part = NULL;
	bool found = true;

	mutex_lock(&record->desc->lock);
	mapping = record->is_map ? mapping_of(record) : NULL;
	if (mapping)
		part = iokmem_index_next_part(mapping, record->delta, record->length);
	if (part) {
		record->delta = part->delta;
		record->length = part->length;
	} else {
		found = go_to_next_mapping(record);
	}
	mutex_unlock(&record->desc->lock);
	return found;
}

static void *descriptors_start(struct seq_file *m, loff_t *pos)
{
	struct record *record = m->private;

	if (!*pos)
		*record = (struct record){};
	go_to_desc(record, record->id);
	return record->desc ? record : NULL;
}

static void *descriptors_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct record *record = v;
	struct iokmem_desc *desc = record->desc;

	++*pos;
	if (go_to_next_map(record))
		return record;
	go_to_desc(record, record->id + 1);
	iokmem_desc_count_put(desc);
	/* The next read() must not begin with this descriptor again. */
	if (!record->desc)
		record->id++;
	return record->desc ? record : NULL;
}

static void descriptors_stop(struct seq_file *m, void *v)
{
	struct record *record = m->private;

	if (record->desc)
		iokmem_desc_count_put(record->desc);
	record->desc = NULL;
}

/* A map that has ended since the line was found is not shown. */
static int descriptors_show(struct seq_file *m, void *v)
{
	const struct record *record = v;
	struct iokmem_mapping *mapping;
	const struct iokmem_map *map;

	if (!record->is_map) {
		show_desc(m, record->desc);
		return 0;
	}
	mutex_lock(&record->desc->lock);
	mapping = mapping_of(record);
	map = mapping ? &mapping->whole : NULL;
	if (map && record->length)
		map = iokmem_index_find_in(mapping, mapping->backing.offset + record->delta,
					   record->length);
	if (map)
		show_map(m, map);
	mutex_unlock(&record->desc->lock);
	return 0;
}

static const struct seq_operations descriptors_sops = {
	.start	= descriptors_start,
	.next	= descriptors_next,
	.stop	= descriptors_stop,
	.show	= descriptors_show,
};

static int descriptors_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &descriptors_sops, sizeof(struct record));
}

static const struct file_operations descriptors_fops = {
	.owner		= THIS_MODULE,
	.open		= descriptors_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

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
