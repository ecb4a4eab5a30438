// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/iokmem, for administrators. Documentation/procfs.md is the contract.
 *
 *	descriptors	every descriptor, with all its live maps
 *	pools		idle memory in the pools, memory of former buffers that is still pinned,
 *			and memory that was given up
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/block.h"
#include "page/leftover.h"
#include "page/pool.h"
#include "user/procfs.h"
#include "user/show.h"

#define IOKMEM_PROC	"iokmem"

/**
 * struct record - a record of the list: a descriptor, a live mapping of it, or a map of a part
 * @desc: the descriptor, with a count during a read(); NULL: there are no more records
 * @id: its number, to find the place again in the next read()
 * @is_map: the record is one of a mapping, or of a part of it
 * @mapping: where the mapping is in the descriptor's tree of live ones
 * @delta: where the part begins in the mapping
 * @length: length of the part; 0: all of the mapping
 *
 * No lock is held from one record to the next, since there may be many.
 */
struct record {
	struct iokmem_desc *desc;
	u64 id;
	bool is_map;
	struct iokmem_live_key mapping;
	size_t delta;
	size_t length;
};

/* Go to the record of the descriptor with this number, or to that of the next one. */
static void go_to_desc(struct record *record, u64 id)
{
	record->desc = iokmem_desc_from(id);
	if (!record->desc || record->desc->id != record->id)
		record->is_map = false;
	if (record->desc)
		record->id = record->desc->id;
}

/* Return the mapping of the record, or NULL if it has ended. */
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

/* A map that has ended since the record was found is not shown. */
static int descriptors_show(struct seq_file *m, void *v)
{
	const struct record *record = v;
	struct iokmem_mapping *mapping;
	const struct iokmem_map *map;

	if (!record->is_map) {
		iokmem_show_listed(m, record->desc);
		return 0;
	}
	mutex_lock(&record->desc->lock);
	mapping = mapping_of(record);
	map = mapping ? &mapping->whole : NULL;
	if (map && record->length)
		map = iokmem_index_find_in(mapping, mapping->backing.offset + record->delta,
					   record->length);
	if (map)
		iokmem_show_map(m, map);
	mutex_unlock(&record->desc->lock);
	return 0;
}

static const struct seq_operations descriptors_sops = {
	.start	= descriptors_start,
	.next	= descriptors_next,
	.stop	= descriptors_stop,
	.show	= descriptors_show,
};

/* The files tell of all users, so a descriptor of them is not given to anybody else. */
static bool may_open(void)
{
	return capable(CAP_SYS_ADMIN);
}

static int descriptors_open(struct inode *inode, struct file *file)
{
	if (!may_open())
		return -EPERM;
	return seq_open_private(file, &descriptors_sops, sizeof(struct record));
}

static const struct proc_ops descriptors_ops = {
	.proc_open	= descriptors_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

static int pools_show(struct seq_file *m, void *v)
{
	iokmem_pool_show(m);
	iokmem_leftover_show(m);
	seq_printf(m, "iokmem-lost:\t%lu\n", iokmem_frames_lost() << PAGE_SHIFT);
	return 0;
}

static int pools_open(struct inode *inode, struct file *file)
{
	return may_open() ? single_open(file, pools_show, NULL) : -EPERM;
}

static const struct proc_ops pools_ops = {
	.proc_open	= pools_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

/* Opening the files needs a capability, whatever their mode is. */
int __init iokmem_procfs_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir(IOKMEM_PROC, NULL);

	if (dir && proc_create("descriptors", 0400, dir, &descriptors_ops) &&
	    proc_create("pools", 0400, dir, &pools_ops))
		return 0;
	iokmem_procfs_exit();
	return -ENOMEM;
}

void iokmem_procfs_exit(void)
{
	remove_proc_subtree(IOKMEM_PROC, NULL);
}
