// SPDX-License-Identifier: GPL-2.0
/*
 * Memory descriptors: their life, and what every kind of memory has in common.
 *
 * Files are on a few inodes, which descriptors share. An inode is where the kernel would
 * find all mappings of a file, in every address space: but nobody looks for mappings of
 * raw frames there, and there are several only so that not all that map and unmap wait
 * for each other. What the kernel may have to find (unmap_mapping_range()), without
 * meeting anybody else's, has an inode of its own.
 *
 * The inodes live on the kernel's own file system for anonymous inodes: a file system of
 * this module's would have to outlive the last fput(), which may run after the module is
 * gone.
 */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/compat.h"
#include "page/workqueue.h"
#include "trace.h"

#define IOKMEM_INODES	64

static struct vfsmount *iokmem_mnt;
static struct inode *iokmem_inodes[IOKMEM_INODES];
static atomic64_t iokmem_last_id;

/* Protects the list of all descriptors. Outside every descriptor's lock. */
static DEFINE_MUTEX(iokmem_descs_mutex);
static LIST_HEAD(iokmem_descs);

struct list_head *iokmem_descs_lock(void)
{
	mutex_lock(&iokmem_descs_mutex);
	return &iokmem_descs;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_descs_lock);

void iokmem_descs_unlock(void)
{
	mutex_unlock(&iokmem_descs_mutex);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_descs_unlock);

static void desc_put_work(struct work_struct *work)
{
	iokmem_desc_put(container_of(work, struct iokmem_desc, put_work));
}

static void desc_count_put_work(struct work_struct *work)
{
	iokmem_desc_count_put(container_of(work, struct iokmem_desc,
					   count_put_work));
}

/*
 * iokmem_desc_alloc - a descriptor without memory, for one user, the caller
 *
 * The caller (a kind of memory) has one of @size bytes, of which struct
 * iokmem_desc is the first, and fills in what is its own. Until it is published
 * nobody else knows the descriptor, and iokmem_desc_put() undoes everything.
 */
struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_kind *kind,
				      size_t size, size_t capacity)
{
	struct iokmem_desc *desc;

	desc = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!desc)
		return ERR_PTR(-ENOMEM);

	/* A descriptor that a driver forgot keeps us loaded, for all to see. */
	__module_get(THIS_MODULE);
	refcount_set(&desc->users, 1);
	kref_init(&desc->count);
	INIT_WORK(&desc->put_work, desc_put_work);
	INIT_WORK(&desc->count_put_work, desc_count_put_work);
	desc->id = atomic64_inc_return(&iokmem_last_id);
	desc->kind = kind;
	desc->capacity = capacity;
	desc->owned = capacity;
	desc->length = capacity;
	desc->alignment = 1;
	desc->cache_mode = IOKMEM_MAP_COPYBACK_CACHE;
	mutex_init(&desc->length_lock);
	mutex_init(&desc->prepare_lock);
	mutex_init(&desc->hold_lock);
	mutex_init(&desc->lock);
	INIT_LIST_HEAD(&desc->maps);
	desc->shareable = RB_ROOT;
	init_waitqueue_head(&desc->wait);
	INIT_LIST_HEAD(&desc->node);
	return desc;
}

/*
 * iokmem_desc_publish - from here on others may know the descriptor
 */
void iokmem_desc_publish(struct iokmem_desc *desc)
{
	mutex_lock(&iokmem_descs_mutex);
	list_add_tail(&desc->node, &iokmem_descs);
	mutex_unlock(&iokmem_descs_mutex);
	trace_iokmem_create(desc);
}

static void desc_free(struct kref *count)
{
	struct iokmem_desc *desc = container_of(count, struct iokmem_desc, count);

	WARN_ON(!list_empty(&desc->maps));
	WARN_ON(!RB_EMPTY_ROOT(&desc->shareable));
	WARN_ON(desc->nr_maps);
	WARN_ON(desc->nr_mapped);
	WARN_ON(desc->home);
	WARN_ON(desc->prepared);
	WARN_ON(desc->held);

	if (!list_empty(&desc->node)) {
		mutex_lock(&iokmem_descs_mutex);
		list_del(&desc->node);
		mutex_unlock(&iokmem_descs_mutex);
		trace_iokmem_free(desc);
	}
	if (desc->kind->release)
		desc->kind->release(desc);
	iokmem_uncharge(&desc->charge);
	mutex_destroy(&desc->lock);
	mutex_destroy(&desc->hold_lock);
	mutex_destroy(&desc->prepare_lock);
	mutex_destroy(&desc->length_lock);
	kfree(desc);
	module_put(THIS_MODULE);
}

/*
 * iokmem_desc_count_get - keep the memory, not the right to act on it
 */
void iokmem_desc_count_get(struct iokmem_desc *desc)
{
	kref_get(&desc->count);
}

void iokmem_desc_count_put(struct iokmem_desc *desc)
{
	kref_put(&desc->count, desc_free);
}

/*
 * iokmem_desc_count_put_async - the same while memory is reclaimed
 *
 * Whoever allocates may have locks that freeing a descriptor takes.
 */
void iokmem_desc_count_put_async(struct iokmem_desc *desc)
{
	if (!refcount_dec_not_one(&desc->count.refcount))
		queue_work(iokmem_workqueue, &desc->count_put_work);
}

#define IOKMEM_NAME	"iokmem:"

/*
 * A name that ends at @end. What snprintf() would do at four times the cost, for a name
 * that few will look at.
 */
static const char *number_name(char *end, u64 number)
{
	*--end = 0;
	do {
		*--end = '0' + do_div(number, 10);
	} while (number);
	end -= strlen(IOKMEM_NAME);
	return memcpy(end, IOKMEM_NAME, strlen(IOKMEM_NAME));
}

/*
 * Its name tells the descriptor in /proc/PID/maps and /proc/PID/fd. Until its
 * ->release() has run, the file keeps this module (fops->owner), and its owner
 * must keep the descriptor.
 */
static struct file *file_on(struct inode *inode, struct vfsmount *mnt, u64 id,
			    void *private, int flags,
			    const struct file_operations *fops)
{
	char name[sizeof(IOKMEM_NAME "18446744073709551615")];
	struct file *file;

	__module_get(fops->owner);
	ihold(inode);
	file = alloc_file_pseudo(inode, mnt, number_name(name + sizeof(name), id),
				 flags, fops);
	if (IS_ERR(file)) {
		iput(inode);
		module_put(fops->owner);
		return file;
	}
	file->private_data = private;
	return file;
}

/*
 * iokmem_desc_file - a file for a file descriptor, or for mappings of raw frames
 */
struct file *iokmem_desc_file(const struct iokmem_desc *desc, void *private,
			      int flags, const struct file_operations *fops)
{
	return file_on(iokmem_inodes[desc->id % IOKMEM_INODES], iokmem_mnt, desc->id,
		       private, flags, fops);
}

/* Return the file that has the pages of the memory, if the kind has such files. */
static struct file *file_of_pages(const struct iokmem_desc *desc)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->file ? show->file(desc) : NULL;
}

/*
 * iokmem_desc_map_inode - the inode that has the pages of the memory, or NULL
 *
 * VMAs that show the pages have to be of it, for the kernel to find them.
 */
struct inode *iokmem_desc_map_inode(const struct iokmem_desc *desc)
{
	struct file *file = file_of_pages(desc);

	return file ? file_inode(file) : NULL;
}

/*
 * iokmem_desc_map_file - make a file by which the kernel finds mappings
 *
 * Mappings of other descriptors are not found by it. Returns an error as ERR_PTR().
 */
struct file *iokmem_desc_map_file(const struct iokmem_desc *desc, void *private,
				  int flags, const struct file_operations *fops)
{
	struct file *pages = file_of_pages(desc), *file;
	struct inode *inode;

	if (pages)
		return file_on(file_inode(pages), pages->f_path.mnt, desc->id, private,
			       flags, fops);
	inode = alloc_anon_inode(iokmem_mnt->mnt_sb);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	/* The kernel makes no huge entry where the file has ended. */
	i_size_write(inode, desc->capacity);
	file = file_on(inode, iokmem_mnt, desc->id, private, flags, fops);
	iput(inode);
	return file;
}

/*
 * iokmem_desc_pages - how many pages the memory touches
 */
unsigned long iokmem_desc_pages(const struct iokmem_desc *desc)
{
	return PAGE_ALIGN(desc->skew + desc->capacity) >> PAGE_SHIFT;
}

/*
 * iokmem_desc_lookup - where page @index is
 *
 * The frames are always there, or the caller holds the memory. The page is one
 * that there is.
 */
struct iokmem_run iokmem_desc_lookup(const struct iokmem_desc *desc,
				     pgoff_t index)
{
	struct iokmem_run run;

	if (!iokmem_desc_has_memory(desc))
		return (struct iokmem_run) {
			.pfn = IOKMEM_NO_PFN,
			.before = index,
			.nr = iokmem_desc_pages(desc) - index,
			.cache_mode = READ_ONCE(desc->cache_mode),
		};
	if (!iokmem_desc_is_in_extents(desc))
		return desc->kind->store->lookup(desc, index);
	run = iokmem_extents_lookup(&desc->extents, index);
	run.cache_mode = READ_ONCE(desc->cache_mode);
	run.typed = iokmem_desc_is_typed(desc);
	return run;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_desc_lookup);

/**
 * iokmem_desc_get - take another reference to a descriptor
 * @desc: a descriptor that the caller has a reference to
 *
 * Follows OSObject::retain().
 *
 * Context: Any.
 * Return: @desc.
 */
struct iokmem_desc *iokmem_desc_get(struct iokmem_desc *desc)
{
	refcount_inc(&desc->users);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get, IOKMEM_NS);

/*
 * Nobody may act on the descriptor any more: take its own mapping down, and
 * complete what was prepared.
 */
static void desc_close(struct iokmem_desc *desc)
{
	iokmem_desc_complete_all(desc);
	iokmem_map_close_home(desc);
	if (desc->born_held)
		iokmem_desc_unhold(desc);
	iokmem_desc_count_put(desc);
}

/**
 * iokmem_desc_put - let go of a descriptor
 * @desc: a reference of the caller's, gone on return
 *
 * When the last reference goes, the mapping that a buffer has in the task it was
 * made for is taken down. References to maps count as references to their
 * descriptor. The memory goes back when nothing maps it any more. Follows
 * OSObject::release().
 *
 * Context: May sleep. The caller holds no mmap lock.
 */
void iokmem_desc_put(struct iokmem_desc *desc)
{
	might_sleep();
	if (refcount_dec_and_test(&desc->users))
		desc_close(desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_put, IOKMEM_NS);

/**
 * iokmem_desc_put_async - let go of a descriptor where one cannot sleep
 * @desc: a reference of the caller's, gone on return
 *
 * As iokmem_desc_put(); if this was the last reference a worker does the rest.
 *
 * Context: Any.
 */
void iokmem_desc_put_async(struct iokmem_desc *desc)
{
	if (!refcount_dec_not_one(&desc->users))
		queue_work(iokmem_workqueue, &desc->put_work);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_put_async, IOKMEM_NS);

/**
 * iokmem_desc_get_length - the length of the memory
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getLength().
 *
 * Context: Any.
 * Return: the length in bytes.
 */
size_t iokmem_desc_get_length(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->length);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_length, IOKMEM_NS);

/**
 * iokmem_desc_get_direction - the direction of transfers
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getDirection().
 *
 * Context: Any.
 * Return: IOKMEM_DIRECTION_*.
 */
u32 iokmem_desc_get_direction(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->direction);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_direction, IOKMEM_NS);

/**
 * iokmem_desc_get_cache_mode - the cache mode that is in force
 * @desc: the descriptor
 *
 * It may be a stricter one than was asked for: see <uapi/linux/iokmem.h>. It
 * changes when a map is asked for with another.
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*_CACHE; IOKMEM_MAP_DEFAULT_CACHE for a multi-descriptor
 * whose members have different ones.
 */
u32 iokmem_desc_get_cache_mode(const struct iokmem_desc *desc)
{
	const struct iokmem_store_ops *store;

	if (desc->parent)
		desc = desc->parent;
	store = desc->kind->store;
	if (store && store->cache_mode)
		return store->cache_mode(desc);
	return READ_ONCE(desc->cache_mode);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_cache_mode, IOKMEM_NS);

/**
 * iokmem_desc_get_tag - the number last given to iokmem_desc_set_tag()
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getTag().
 *
 * Context: Any.
 * Return: the tag; 0 if none was set.
 */
u32 iokmem_desc_get_tag(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->tag);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_tag, IOKMEM_NS);

/**
 * iokmem_desc_set_tag - give the descriptor a number of the driver's choice
 * @desc: the descriptor
 * @tag: the number, which means nothing here
 *
 * Follows IOMemoryDescriptor::setTag().
 *
 * Context: Any.
 */
void iokmem_desc_set_tag(struct iokmem_desc *desc, u32 tag)
{
	WRITE_ONCE(desc->tag, tag);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_tag, IOKMEM_NS);

int __init iokmem_desc_init(void)
{
	struct inode *inode;
	struct file *file;
	int i;

	/* Any file there will do to find the file system. */
	file = anon_inode_getfile("iokmem", &generic_ro_fops, NULL, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	iokmem_mnt = mntget(file->f_path.mnt);
	fput(file);

	for (i = 0; i < IOKMEM_INODES; i++) {
		inode = alloc_anon_inode(iokmem_mnt->mnt_sb);
		if (IS_ERR(inode)) {
			iokmem_desc_exit();
			return PTR_ERR(inode);
		}
		iokmem_inodes[i] = inode;
	}
	return 0;
}

void iokmem_desc_exit(void)
{
	int i;

	WARN_ON(!list_empty(&iokmem_descs));
	for (i = 0; i < IOKMEM_INODES; i++)
		iput(iokmem_inodes[i]);
	mntput(iokmem_mnt);
}
