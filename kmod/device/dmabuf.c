// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of descriptors, by which other drivers and their programs get the memory. And
 * descriptors of dma-bufs: of those that were made here, and of others (memory/import.c).
 *
 * A dma-buf is one user of its descriptor and holds the memory for as long as it exists. So
 * importers fail only for want of memory, and the memory neither moves nor changes its type
 * under them. The memory could not be held later: importers call with the dma-buf's
 * reservation lock held. That comes after an address space's mmap lock, which comes after
 * the locks that holding takes. A dma-buf shows what the descriptor shows to user tasks:
 * whole pages of its own.
 *
 *	mmap()			a Unique mapping, like any other of the descriptor's. A mapping
 *				that needs the memory held keeps the dma-buf
 *	map_dma_buf()		the pages, in as few entries as the device allows
 *	vmap()			the kernel's own address of the memory, or one made for this
 *				dma-buf. Never the address of a map, since importers are not
 *				told when a map ends
 *	begin_, end_cpu_access	for all devices that the dma-buf is mapped for, after their fences
 *
 * Where transfers of a device bounce, the device has a copy of the memory. If it may write, all
 * of the copy goes back to the memory when the CPU looks next, over what another device has
 * written there. So there is no other device that may write then.
 *
 * A revoke of the descriptor is told to importers that let memory move (dynamic importers). Other
 * importers keep what they have mapped: the memory stays allocated as long as the dma-buf. There
 * are no pin() and unpin(), since the memory never moves otherwise. Kernels before 6.16 would map
 * a dma-buf that has them for every importer that is not dynamic, for both directions, while it
 * attaches. A read-only dma-buf refuses that, and each importer would count as one that writes.
 * As there are none, these kernels do so for dynamic importers, which cannot attach to a
 * read-only dma-buf, and get their first mapping again until they detach. On later kernels every
 * importer maps when it wants to, and after a revoke it gets an error.
 *
 * Memory of devices has no pages for other devices. Memory of several cache modes has no
 * single kernel mapping. A read-only dma-buf has no kernel address at all, since importers
 * could write by it. Importers can still get a kernel address after a revoke: the kernel warns
 * of a vmap() that fails.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "desc/desc.h"
#include "desc/dma_view.h"
#include "desc/vmap.h"
#include "device/dmabuf.h"
#include "map/map.h"
#include "memory/import.h"
#include "memory/memory.h"
#include "page/compat.h"
#include "trace.h"

/**
 * struct iokmem_export - the memory behind a dma-buf of the module's
 * @desc: the descriptor, a user reference
 * @window: the bytes, whose memory is held; of a descriptor of the dma-buf's own if only a part
 *	of pageable memory is
 * @charge: the charge for the hold, or NULL
 * @dmabuf: the dma-buf, which is freed after this
 * @read_only: importers may only read the memory
 * @has_pages: other devices can reach the memory by its pages
 * @watch: of the descriptor that has the memory
 * @revoking: importers are being told of a revoke; constant once @watch has been removed
 * @told: they have been told
 * @lock: serialises mapping for devices; taken inside the reservation lock
 * @mappings: mappings for devices
 */
struct iokmem_export {
	struct iokmem_desc *desc;
	struct iokmem_window window;
	struct iokmem_hold_charge *charge;
	struct dma_buf *dmabuf;
	bool read_only;
	bool has_pages;
	struct iokmem_watch watch;
	bool revoking;			/* protected by the lock of the watched descriptor */
	struct completion told;		/* has its own lock */
	struct mutex lock;		/* for @mappings */
	struct list_head mappings;	/* protected by @lock */
};

/**
 * struct iokmem_export_mapping - the memory, mapped for a device
 * @node: in the dma-buf's list
 * @dev: the device
 * @direction: of transfers
 * @bounces: the device has a copy of some of the memory
 * @table: the memory as the device sees it
 */
struct iokmem_export_mapping {
	struct list_head node;
	struct device *dev;
	enum dma_data_direction direction;
	bool bounces;
	struct iokmem_dma_table table;
};

static struct iokmem_export *export_of(const struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

/* Return the descriptor that is revoked when the memory is. */
static struct iokmem_desc *owner_of(const struct iokmem_export *export)
{
	return iokmem_desc_owner(export->desc);
}

/* A revoked descriptor's memory stays where it is mapped already, and is mapped no more. */
static int check_revoked(const struct iokmem_export *export)
{
	return iokmem_desc_check_revoked(owner_of(export));
}

static int export_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	int err = check_revoked(export_of(dmabuf));

	if (err)
		return err;
	/* Importers rely on entries that begin and end with pages. */
	if (!export_of(dmabuf)->has_pages ||
	    dma_get_max_seg_size(attachment->dev) < PAGE_SIZE)
		return -EOPNOTSUPP;
	return 0;
}

/* Add the rest of the last page, which belongs to the descriptor, too. */
static void round_up_last(struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(table, sg, i)
		sg->length = PAGE_ALIGN(sg->length);
}

/*
 * Map without synchronising caches, which is done apart: others may have the memory mapped at
 * that time, and may be writing.
 */
static int map_for_device(const struct iokmem_export *export,
			  struct iokmem_export_mapping *mapping)
{
	int err;

	err = iokmem_dma_table_fill(&mapping->table, mapping->dev, &export->window);
	if (err)
		return err;
	round_up_last(&mapping->table.sgt);
	err = iokmem_dma_table_map(&mapping->table, mapping->dev, export->window.desc,
				   mapping->direction, DMA_ATTR_SKIP_CPU_SYNC);
	if (!err)
		mapping->bounces = iokmem_dma_table_bounces(&mapping->table, mapping->dev);
	return err;
}

static void unmap_for_device(struct iokmem_export_mapping *mapping)
{
	dma_unmap_sgtable(mapping->dev, &mapping->table.sgt, mapping->direction,
			  DMA_ATTR_SKIP_CPU_SYNC);
	iokmem_dma_table_free(&mapping->table);
}

/* Return true if two devices may write, and one has a copy that would replace the other's. */
static bool would_lose_writes(const struct iokmem_export *export,
			      const struct iokmem_export_mapping *mapping)
{
	const struct iokmem_export_mapping *other;

	lockdep_assert_held(&export->lock);

	if (mapping->direction == DMA_TO_DEVICE)
		return false;
	list_for_each_entry(other, &export->mappings, node)
		if (other->direction != DMA_TO_DEVICE &&
		    (other->bounces || mapping->bounces))
			return true;
	return false;
}

/* List a mapping, and let its device look at the memory. */
static int add_mapping(struct iokmem_export *export, struct iokmem_export_mapping *mapping)
{
	int err = 0;

	mutex_lock(&export->lock);
	if (would_lose_writes(export, mapping)) {
		err = -EBUSY;
	} else {
		list_add_tail(&mapping->node, &export->mappings);
		dma_sync_sgtable_for_device(mapping->dev, &mapping->table.sgt,
					    mapping->direction);
	}
	mutex_unlock(&export->lock);
	return err;
}

static struct sg_table *try_map(struct dma_buf_attachment *attachment,
				enum dma_data_direction direction)
{
	struct iokmem_export *export = export_of(attachment->dmabuf);
	struct iokmem_export_mapping *mapping;
	int err;

	err = check_revoked(export);
	if (err)
		return ERR_PTR(err);
	if (export->read_only && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = attachment->dev;
	mapping->direction = direction;
	err = map_for_device(export, mapping);
	if (err)
		goto err_free;
	err = add_mapping(export, mapping);
	if (err)
		goto err_unmap;
	return &mapping->table.sgt;

err_unmap:
	unmap_for_device(mapping);
err_free:
	kfree(mapping);
	return ERR_PTR(err);
}

static struct sg_table *export_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	const struct iokmem_export *export = export_of(attachment->dmabuf);
	u64 start = iokmem_trace_start(iokmem_dma_buf_map);
	struct sg_table *table = try_map(attachment, direction);

	trace_iokmem_dma_buf_map(export->desc, attachment->dev, export->window.length,
				 direction, PTR_ERR_OR_ZERO(table), start);
	return table;
}

static void export_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct iokmem_export *export = export_of(attachment->dmabuf);
	struct iokmem_export_mapping *mapping =
		container_of(table, struct iokmem_export_mapping, table.sgt);

	mutex_lock(&export->lock);
	list_del(&mapping->node);
	mutex_unlock(&export->lock);
	iokmem_dma_table_sync(&mapping->table, mapping->dev, export->window.desc,
			      mapping->direction, true);
	unmap_for_device(mapping);
	trace_iokmem_dma_buf_unmap(export->desc, mapping->dev, export->window.length);
	kfree(mapping);
}

/* Synchronise each device by its own direction, which the DMA API was told when mapping. */
static int export_sync(struct dma_buf *dmabuf, bool for_cpu)
{
	struct iokmem_export *export = export_of(dmabuf);
	struct iokmem_export_mapping *mapping;

	mutex_lock(&export->lock);
	list_for_each_entry(mapping, &export->mappings, node)
		iokmem_dma_table_sync(&mapping->table, mapping->dev, export->window.desc,
				      mapping->direction, for_cpu);
	mutex_unlock(&export->lock);
	return 0;
}

/* The devices must be done with the memory before their copies of it are looked at. */
static int export_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction direction)
{
	int err = check_revoked(export_of(dmabuf));

	if (!err)
		err = iokmem_dma_buf_wait(dmabuf, direction != DMA_FROM_DEVICE);
	return err ? err : export_sync(dmabuf, true);
}

static int export_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction direction)
{
	return export_sync(dmabuf, false);
}

/* @vma may be of an importer's file, which does not know that the dma-buf is read-only. */
static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	const struct iokmem_export *export = export_of(dmabuf);

	return iokmem_mmap_vma(export->desc, dmabuf->file, vma, export->window.length, 0, true);
}

/* Return where the kernel sees all of the memory already, or 0. */
static unsigned long kernel_address(const struct iokmem_export *export)
{
	const struct iokmem_window *window = &export->window;

	return iokmem_desc_kernel_address(window->desc, iokmem_window_index(window),
					  iokmem_window_pages(window));
}

static int export_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	const struct iokmem_export *export = export_of(dmabuf);
	const struct iokmem_window *window = &export->window;
	unsigned long address = kernel_address(export);
	void *bytes = (void *)address;
	int err;

	err = address ? iokmem_access_check(window->desc, window->offset, window->length) : 0;
	if (err)
		return err;
	if (address && !export->has_pages) {
		iosys_map_set_vaddr_iomem(map, (void __iomem *)address);
		return 0;
	}
	if (!address)
		bytes = iokmem_vmap(window->desc, iokmem_window_index(window),
				    iokmem_window_pages(window), PAGE_KERNEL, 0);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	iosys_map_set_vaddr(map, bytes);
	return 0;
}

static void export_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	if (!kernel_address(export_of(dmabuf)))
		vunmap(map->vaddr);
}

static struct iokmem_export *export_of_watch(struct iokmem_watch *watch)
{
	return container_of(watch, struct iokmem_export, watch);
}

/* The dma-buf may have no reference any more. export_release() waits until @told. */
static bool export_watch_get(struct iokmem_watch *watch)
{
	lockdep_assert_held(&owner_of(export_of_watch(watch))->lock);

	export_of_watch(watch)->revoking = true;
	return true;
}

/* Importers that let memory move unmap it now. Mapping it again fails. */
static void export_revoked(struct iokmem_watch *watch)
{
	struct iokmem_export *export = export_of_watch(watch);

	dma_resv_lock(export->dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(export->dmabuf);
	dma_resv_unlock(export->dmabuf->resv);
	complete(&export->told);
}

static const struct iokmem_watch_ops export_watch_ops = {
	.get	= export_watch_get,
	.revoke	= export_revoked,
};

/* Put the part of pageable memory that the dma-buf holds, if it does not hold all of it. */
static void put_part(struct iokmem_export *export)
{
	if (export->window.desc != owner_of(export))
		iokmem_desc_put(export->window.desc);
}

static void export_free(struct iokmem_export *export)
{
	WARN_ON(!list_empty(&export->mappings));
	atomic_dec(&owner_of(export)->nr_dma_bufs);
	iokmem_desc_unhold(export->window.desc, export->charge);
	put_part(export);
	iokmem_desc_put(export->desc);
	mutex_destroy(&export->lock);
	kfree(export);
}

static void export_release(struct dma_buf *dmabuf)
{
	struct iokmem_export *export = export_of(dmabuf);

	iokmem_watch_remove(&export->watch, owner_of(export));
	if (export->revoking)
		wait_for_completion(&export->told);
	export_free(export);
}

static const struct dma_buf_ops iokmem_export_ops = {
	.attach			= export_attach,
	.map_dma_buf		= export_map,
	.unmap_dma_buf		= export_unmap,
	.begin_cpu_access	= export_begin_cpu_access,
	.end_cpu_access		= export_end_cpu_access,
	.mmap			= export_mmap,
	.vmap			= export_vmap,
	.vunmap			= export_vunmap,
	.release		= export_release,
};

/* The kernel warns of a ->vmap() that fails, so leave it out where it would. */
static const struct dma_buf_ops iokmem_export_ops_without_vmap = {
	.attach			= export_attach,
	.map_dma_buf		= export_map,
	.unmap_dma_buf		= export_unmap,
	.begin_cpu_access	= export_begin_cpu_access,
	.end_cpu_access		= export_end_cpu_access,
	.mmap			= export_mmap,
	.release		= export_release,
};

/* Check that a dma-buf can show the memory. Sets @has_pages if all of it has pages. */
static int check_memory(struct iokmem_export *export)
{
	const struct iokmem_window *window = &export->window;
	size_t done, n;

	export->has_pages = true;
	for (done = 0; done < window->length; done += n) {
		size_t at = window->offset + done;
		const struct iokmem_desc *leaf;

		n = window->length - done;
		leaf = iokmem_desc_leaf(window->desc, &at, &n);
		/* An imported dma-buf is shown as a whole, by its exporter. */
		if (!iokmem_desc_has_memory(leaf) || iokmem_desc_has_fixed_address(leaf) ||
		    iokmem_import_dma_buf(leaf))
			return -EOPNOTSUPP;
		export->has_pages &= iokmem_desc_is_mapped_by_pages(leaf);
	}
	return 0;
}

static int check_pages(const struct iokmem_export *export)
{
	const struct iokmem_window *window = &export->window;

	if (!window->length)
		return -ERANGE;
	if (!iokmem_desc_is_seamless(window->desc, window->offset, window->length))
		return -EINVAL;
	return export->desc->skew ||
	       !iokmem_owns_pages(export->desc, 0, window->length) ? -EACCES : 0;
}

/*
 * Hold the memory for writing if that is possible, even for a read-only dma-buf: others may
 * want to write the memory while it is held.
 */
static int hold(struct iokmem_export *export)
{
	struct iokmem_desc *desc = export->window.desc;
	int err;

	err = iokmem_desc_hold(desc, true, &export->charge);
	if (err == -EACCES && export->read_only)
		err = iokmem_desc_hold(desc, false, &export->charge);
	if (err)
		return err;
	err = iokmem_desc_may_map(desc, export->window.offset, export->window.length, true);
	if (err)
		iokmem_desc_unhold(desc, export->charge);
	return err;
}

/* Return true if drivers get a kernel address: see the head of this file. */
static bool has_vmap(const struct iokmem_export *export)
{
	if (export->read_only)
		return false;
	return kernel_address(export) ||
	       (export->has_pages && iokmem_desc_get_cache_mode(export->window.desc) !=
				     IOKMEM_MAP_DEFAULT_CACHE);
}

static struct iokmem_export *export_alloc(struct iokmem_desc *desc, bool read_only)
{
	struct iokmem_export *export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	int err;

	if (!export)
		return ERR_PTR(-ENOMEM);
	export->desc = desc;
	export->window = iokmem_window_of(desc, 0, iokmem_desc_get_length(desc));
	export->read_only = read_only;
	INIT_LIST_HEAD(&export->watch.node);
	init_completion(&export->told);
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->mappings);
	err = check_pages(export);
	if (!err)
		err = check_memory(export);
	if (!err)
		err = iokmem_desc_try_get(desc);
	if (err)
		goto err_free;
	err = iokmem_part_narrow(&export->window);
	if (err)
		goto err_put;
	err = hold(export);
	if (!err) {
		atomic_inc(&owner_of(export)->nr_dma_bufs);
		return export;
	}
	put_part(export);
err_put:
	iokmem_desc_put(desc);
err_free:
	mutex_destroy(&export->lock);
	kfree(export);
	return ERR_PTR(err);
}

/* Return a reference to a dma-buf that was imported. Its rights cannot be changed. */
static struct dma_buf *get_imported(struct dma_buf *dmabuf, bool read_only)
{
	if (iokmem_dma_buf_is_read_only(dmabuf) != read_only)
		return ERR_PTR(read_only ? -EOPNOTSUPP : -EACCES);
	get_dma_buf(dmabuf);
	return dmabuf;
}

static struct dma_buf *export_desc(struct iokmem_desc *desc, bool read_only)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct iokmem_export *export;
	struct dma_buf *dmabuf;
	int err;

	err = iokmem_desc_check_write(desc, !read_only);
	if (err)
		return ERR_PTR(err);

	export = export_alloc(desc, read_only);
	if (IS_ERR(export))
		return ERR_CAST(export);
	info.ops = has_vmap(export) ? &iokmem_export_ops :
				      &iokmem_export_ops_without_vmap;
	info.size = PAGE_ALIGN(export->window.length);
	info.flags = read_only ? O_RDONLY : O_RDWR;
	info.priv = export;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		export_free(export);
		return dmabuf;
	}
	export->dmabuf = dmabuf;
	err = iokmem_watch_add(&export->watch, &export_watch_ops, owner_of(export));
	if (err) {
		dma_buf_put(dmabuf);
		return ERR_PTR(err);
	}
	return dmabuf;
}

/**
 * iokmem_desc_get_dma_buf - share a descriptor's memory as a dma-buf
 * @desc: the descriptor
 * @flags: 0; or %IOKMEM_FD_READ_ONLY: importers can only read the memory
 *
 * Makes a dma-buf of all of the descriptor's length, rounded up to pages. If @desc was made
 * with iokmem_desc_with_dma_buf(), takes a reference to that dma-buf instead. The dma-buf
 * is a user of @desc. As long as it exists the memory stays in place, as if it were
 * prepared, and keeps its cache mode. Of pageable memory, that is what the dma-buf has of it.
 * @desc's own length may change.
 *
 * Other devices reach the memory if all of it is RAM. Drivers get a kernel address if the
 * memory has one cache mode and the dma-buf is not read-only. A read-only dma-buf can be
 * mapped for %DMA_TO_DEVICE only. Two devices that may write cannot have the dma-buf mapped
 * at a time if transfers of one bounce: the second one gets -EBUSY. Other dma-bufs of the
 * memory, and DMA commands, are not looked at.
 *
 * A revoke of the descriptor is told to importers by their ->invalidate_mappings()
 * (->move_notify() before Linux 7.1), if they have one.
 *
 * The caller hands the dma-buf to a program with dma_buf_fd(), or drops its reference with
 * dma_buf_put().
 *
 * Context: May sleep. The caller holds no mmap lock and no reservation lock.
 * Return: the dma-buf, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @flags has other bits; coherent memory, guard pages, part of an imported
 *   dma-buf; memory that user tasks cannot be shown; an imported dma-buf cannot be made
 *   read-only
 * * -EACCES: part of a page whose rest is not the descriptor's; memory that may only be
 *   read, or a range that is prepared for reading only, without %IOKMEM_FD_READ_ONLY
 * * -EINVAL: members of a multi-descriptor do not fit together page by page
 * * -ERANGE: the length is 0
 * * -EFAULT, -ESRCH, -EPERM, -EIO, -EAGAIN, -EINTR, -ENOMEM: as iokmem_desc_prepare()
 * * -ENOMEM, -ENFILE: no memory, or no file, for a dma-buf
 * * -ENODEV: the memory has been revoked
 */
struct dma_buf *iokmem_desc_get_dma_buf(struct iokmem_desc *desc, u32 flags)
{
	bool read_only = flags & IOKMEM_FD_READ_ONLY;
	struct dma_buf *dmabuf = iokmem_import_dma_buf(desc);
	u64 start = iokmem_trace_start(iokmem_dma_buf_export);

	if (flags & ~IOKMEM_FD_READ_ONLY)
		return ERR_PTR(-EOPNOTSUPP);
	if (dmabuf)
		return get_imported(dmabuf, read_only);
	dmabuf = export_desc(desc, read_only);
	trace_iokmem_dma_buf_export(desc, iokmem_desc_get_length(desc), PTR_ERR_OR_ZERO(dmabuf),
				    start);
	return dmabuf;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_dma_buf, IOKMEM_NS);

/* Return a sub-descriptor of the bytes that were exported. */
static struct iokmem_desc *window_of(const struct iokmem_export *export, u32 direction)
{
	return iokmem_sub_create(export->desc, 0, export->window.length, direction);
}

/*
 * Return the descriptor that was exported, or a sub-descriptor if only a part was: importers
 * get no more than they were given.
 */
static struct iokmem_desc *original(const struct iokmem_export *export)
{
	struct iokmem_desc *desc = export->desc;

	if (export->window.length == desc->capacity)
		return iokmem_desc_get(desc);
	return window_of(export, iokmem_desc_get_direction(desc));
}

/* Return true if the module has made the dma-buf. */
static bool is_export(const struct dma_buf *dmabuf)
{
	return dmabuf->ops == &iokmem_export_ops ||
	       dmabuf->ops == &iokmem_export_ops_without_vmap;
}

static int check_import(const struct dma_buf *dmabuf, u32 direction)
{
	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;
	return iokmem_dma_buf_is_read_only(dmabuf) && direction != IOKMEM_DIRECTION_OUT ?
	       -EACCES : 0;
}

/**
 * iokmem_desc_with_dma_buf - describe the memory of a dma-buf
 * @dmabuf: the dma-buf, of which the descriptor takes a reference
 * @direction: IOKMEM_DIRECTION_*; must be %IOKMEM_DIRECTION_OUT if the dma-buf can only be
 *	read
 *
 * The memory can be prepared, mapped, made part of other descriptors, and used by DMA
 * commands, as any other memory. The exporter decides its cache mode. If the exporter gives the
 * kernel no address of the memory, DMA commands can use it, and user tasks can map it as far as
 * the exporter's mmap() goes: without guards, not %IOKMEM_MAP_PINNABLE, and not to be redirected.
 * It cannot be mapped into the kernel, read, written or made part of a multi-descriptor
 * (-EOPNOTSUPP), and its cache mode is not known. When the exporter takes it back it is gone from
 * user tasks at once.
 *
 * For a dma-buf that was made with iokmem_desc_get_dma_buf() the result is the descriptor it was
 * made of; or, if that one's length was less than its capacity, a sub-descriptor of it. Such a
 * descriptor has its own direction and can be written, whatever @direction is: the caller must
 * keep to @direction.
 *
 * The exporter keeps the memory in place while it is prepared or mapped. While devices
 * write it, bytes must be read between dma_buf_begin_cpu_access() and
 * dma_buf_end_cpu_access(). iokmem_desc_read_bytes(), iokmem_desc_write_bytes() and
 * iokmem_dma_synchronize() call these themselves, which wait for the fences of the dma-buf. So
 * does iokmem_dma_prepare().
 *
 * If the exporter takes the memory back meanwhile, the descriptor is revoked: see
 * iokmem_desc_revoke(). Before Linux 6.16 only exporters that can move memory do that.
 *
 * Context: May sleep. The caller holds no mmap lock and no reservation lock.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @direction has other bits; the exporter does not keep the memory in place;
 *   memory of several types, or of a type that cannot be told
 * * -EACCES: the dma-buf can only be read, and @direction is not %IOKMEM_DIRECTION_OUT
 * * -EINVAL: the dma-buf has no memory
 * * -ENOMEM: no memory, or no kernel addresses, for the dma-buf
 * * -EINTR: a signal arrived while the memory was awaited
 */
struct iokmem_desc *iokmem_desc_with_dma_buf(struct dma_buf *dmabuf, u32 direction)
{
	int err = check_import(dmabuf, direction);

	if (err)
		return ERR_PTR(err);
	if (is_export(dmabuf))
		return original(export_of(dmabuf));
	return iokmem_import_create(dmabuf, direction);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_dma_buf, IOKMEM_NS);

/*
 * iokmem_program_with_dma_buf - as iokmem_desc_with_dma_buf(), for a program
 *
 * The program has the dma-buf, and not the descriptor that it was made of. So it gets a
 * sub-descriptor, even if the dma-buf has all of the memory: that has no rights but to the bytes.
 * Programs share the descriptor of another driver's dma-buf.
 * Also returns -EACCES if the program may not read the dma-buf.
 */
struct iokmem_desc *iokmem_program_with_dma_buf(struct dma_buf *dmabuf, u32 direction)
{
	int err = check_import(dmabuf, direction);

	if (!(dmabuf->file->f_mode & FMODE_READ))
		return ERR_PTR(-EACCES);
	if (err)
		return ERR_PTR(err);
	if (is_export(dmabuf))
		return window_of(export_of(dmabuf), direction);
	return iokmem_import_shared(dmabuf, direction);
}

MODULE_IMPORT_NS("DMA_BUF");
