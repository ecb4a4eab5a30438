// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of descriptors: how other drivers, and their programs, get the memory. And
 * descriptors of dma-bufs: of those that were made here, and of others (memory/import.c).
 *
 * A dma-buf is one user of its descriptor and holds the memory from birth to death: so
 * what importers do can fail for want of memory only, and the memory neither moves nor
 * changes its type under them. It could not be held later: importers call with the
 * dma-buf's reservation lock held, which comes after an address space's lock, which
 * comes after those that holding takes. It shows what the descriptor shows to user
 * tasks: whole pages that are its own.
 *
 *	mmap()			a Unique mapping, like any other of the descriptor's; one that
 *				needs the memory held keeps the dma-buf
 *	map_dma_buf()		its pages, in as few entries as the device allows
 *	vmap()			the kernel's own address of it, or one made for this dma-buf.
 *				Never that of a map: importers are not told when one ends
 *	begin_, end_cpu_access	for all devices that it is mapped for
 *
 * Memory of devices has no pages for other devices, and several cache modes have no
 * single kernel mapping. A read-only dma-buf has no kernel address at all, since nobody
 * could know what importers do with that.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
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
#include "map/map.h"
#include "memory/import.h"
#include "page/compat.h"

/**
 * struct iokmem_export - what a dma-buf of ours is of
 * @desc: the descriptor, as one of its users
 * @window: its bytes; their memory is held
 * @read_only: importers may only read it
 * @has_pages: other devices can reach it, by its pages
 * @lock: protects @mappings. Inside the reservation lock
 * @mappings: for devices
 */
struct iokmem_export {
	struct iokmem_desc *desc;
	struct iokmem_window window;
	bool read_only;
	bool has_pages;
	struct mutex lock;
	struct list_head mappings;	/* protected by @lock */
};

/**
 * struct iokmem_export_mapping - the memory, mapped for a device
 * @node: in the dma-buf's list
 * @dev: the device
 * @direction: of transfers
 * @table: what the device sees
 */
struct iokmem_export_mapping {
	struct list_head node;
	struct device *dev;
	enum dma_data_direction direction;
	struct iokmem_dma_table table;
};

static struct iokmem_export *export_of(const struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

static int export_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	/* Importers take it for granted that entries begin and end with pages. */
	if (!export_of(dmabuf)->has_pages ||
	    dma_get_max_seg_size(attachment->dev) < PAGE_SIZE)
		return -EOPNOTSUPP;
	return 0;
}

/* The rest of the last page is the descriptor's own, too. */
static void round_up_last(struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(table, sg, i)
		sg->length = PAGE_ALIGN(sg->length);
}

/*
 * Caches are written back and forgotten apart from mapping: others may have it mapped
 * at the same time, and may be writing.
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
	if (err)
		return err;
	dma_sync_sgtable_for_device(mapping->dev, &mapping->table.sgt,
				    mapping->direction);
	return 0;
}

static struct sg_table *export_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct iokmem_export *export = export_of(attachment->dmabuf);
	struct iokmem_export_mapping *mapping;
	int err;

	if (export->read_only && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = attachment->dev;
	mapping->direction = direction;
	err = map_for_device(export, mapping);
	if (err) {
		kfree(mapping);
		return ERR_PTR(err);
	}
	mutex_lock(&export->lock);
	list_add_tail(&mapping->node, &export->mappings);
	mutex_unlock(&export->lock);
	return &mapping->table.sgt;
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
	dma_unmap_sgtable(mapping->dev, table, mapping->direction,
			  DMA_ATTR_SKIP_CPU_SYNC);
	iokmem_dma_table_free(&mapping->table);
	kfree(mapping);
}

/* By the direction that each device has it for: that is what the DMA API knows. */
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

static int export_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction direction)
{
	return export_sync(dmabuf, true);
}

static int export_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction direction)
{
	return export_sync(dmabuf, false);
}

/* @vma may be of an importer's file, which knows nothing of read-only. */
static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	const struct iokmem_export *export = export_of(dmabuf);

	if (export->read_only) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	return iokmem_mmap_vma(export->desc, vma, export->window.length, dmabuf->file);
}

/* Where the kernel has all of it already, or 0. */
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

	if (address && !export->has_pages) {
		iosys_map_set_vaddr_iomem(map, (void __iomem *)address);
		return 0;
	}
	if (!address)
		bytes = iokmem_vmap(window->desc, iokmem_window_index(window),
				    iokmem_window_pages(window), PAGE_KERNEL);
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

static void export_free(struct iokmem_export *export)
{
	WARN_ON(!list_empty(&export->mappings));
	iokmem_desc_unhold(export->window.desc);
	iokmem_desc_put(export->desc);
	mutex_destroy(&export->lock);
	kfree(export);
}

static void export_release(struct dma_buf *dmabuf)
{
	export_free(export_of(dmabuf));
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

/* The kernel warns of a ->vmap() that fails. */
static const struct dma_buf_ops iokmem_export_ops_without_vmap = {
	.attach			= export_attach,
	.map_dma_buf		= export_map,
	.unmap_dma_buf		= export_unmap,
	.begin_cpu_access	= export_begin_cpu_access,
	.end_cpu_access		= export_end_cpu_access,
	.mmap			= export_mmap,
	.release		= export_release,
};

/* Is it memory that a dma-buf can show, and in @has_pages: all of it pages? */
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
		/* An imported one is shown as a whole, by whom it is from. */
		if (!iokmem_desc_has_memory(leaf) || iokmem_desc_has_fixed_address(leaf) ||
		    iokmem_import_dma_buf(leaf))
			return -EOPNOTSUPP;
		export->has_pages &= iokmem_desc_is_mapped_by_pages(leaf);
	}
	return 0;
}

static int check_pages(const struct iokmem_export *export)
{
	if (!export->window.length)
		return -ERANGE;
	return export->desc->skew ||
	       !iokmem_owns_pages(export->desc, 0, export->window.length) ? -EACCES : 0;
}

/*
 * For writing, if that can be, whoever gets the dma-buf: others may want to write what
 * is held.
 */
static int hold(const struct iokmem_export *export)
{
	struct iokmem_desc *desc = export->window.desc;
	int err;

	err = iokmem_desc_hold(desc, true);
	if (err == -EACCES && export->read_only)
		err = iokmem_desc_hold(desc, false);
	if (err)
		return err;
	err = iokmem_desc_may_map(desc, true);
	if (err)
		iokmem_desc_unhold(desc);
	return err;
}

/* Read-only, mixed, or of devices and RAM: see at the head of this file. */
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
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->mappings);
	err = check_pages(export);
	if (!err)
		err = check_memory(export);
	if (!err)
		err = hold(export);
	if (err) {
		mutex_destroy(&export->lock);
		kfree(export);
		return ERR_PTR(err);
	}
	iokmem_desc_get(desc);
	return export;
}

/* An imported dma-buf's rights are what they are. */
static struct dma_buf *get_imported(struct dma_buf *dmabuf, bool read_only)
{
	if (iokmem_dma_buf_is_read_only(dmabuf) != read_only)
		return ERR_PTR(read_only ? -EOPNOTSUPP : -EACCES);
	get_dma_buf(dmabuf);
	return dmabuf;
}

/**
 * iokmem_desc_get_dma_buf - share a descriptor's memory as a dma-buf
 * @desc: the descriptor
 * @flags: 0; or %IOKMEM_FD_READ_ONLY: importers can only read it
 *
 * Makes a dma-buf of all of the descriptor's length, rounded up to pages; of one that
 * was made with iokmem_desc_with_dma_buf(), takes a reference to that dma-buf. It is a
 * user of @desc, and prepares the memory, as it were, for as long as it is there: the
 * memory stays in memory, and has the cache mode it has. @desc's own length may change.
 *
 * Other devices reach the memory if all of it is RAM. Drivers get a kernel address if it
 * has one cache mode, and not of a read-only dma-buf, which can be mapped for
 * %DMA_TO_DEVICE only.
 *
 * The caller hands it to a program with dma_buf_fd(), or keeps it with dma_buf_put().
 *
 * Context: May sleep. The caller holds no mmap lock and no reservation lock.
 * Return: the dma-buf, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @flags has other bits; coherent memory, guard pages, part of an imported
 *   dma-buf; memory that user tasks cannot be shown; an imported dma-buf cannot be made
 *   read-only
 * * -EACCES: part of a page, of which the rest is not the descriptor's; memory that may
 *   only be read, or is prepared for reading only, without %IOKMEM_FD_READ_ONLY
 * * -EINVAL: members of a multi-descriptor do not fit together page by page
 * * -ERANGE: the length is 0
 * * -EFAULT, -ESRCH, -EPERM, -EIO, -EINTR, -ENOMEM: as iokmem_desc_prepare()
 * * -ENOMEM, -ENFILE: no room for a dma-buf
 */
struct dma_buf *iokmem_desc_get_dma_buf(struct iokmem_desc *desc, u32 flags)
{
	bool read_only = flags & IOKMEM_FD_READ_ONLY;
	struct dma_buf *dmabuf = iokmem_import_dma_buf(desc);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct iokmem_export *export;

	if (flags & ~IOKMEM_FD_READ_ONLY)
		return ERR_PTR(-EOPNOTSUPP);
	if (dmabuf)
		return get_imported(dmabuf, read_only);

	export = export_alloc(desc, read_only);
	if (IS_ERR(export))
		return ERR_CAST(export);
	info.ops = has_vmap(export) ? &iokmem_export_ops :
				      &iokmem_export_ops_without_vmap;
	info.size = PAGE_ALIGN(export->window.length);
	info.flags = read_only ? O_RDONLY : O_RDWR;
	info.priv = export;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		export_free(export);
	return dmabuf;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_dma_buf, IOKMEM_NS);

/*
 * Return the descriptor that was exported, without a detour; or a part of it, since nobody
 * gets more than was given.
 */
static struct iokmem_desc *original(const struct iokmem_export *export)
{
	struct iokmem_desc *desc = export->desc;

	if (export->window.length == desc->capacity)
		return iokmem_desc_get(desc);
	return iokmem_sub_with_sub_range(desc, 0, export->window.length,
					 iokmem_desc_get_direction(desc));
}

/**
 * iokmem_desc_with_dma_buf - describe the memory of a dma-buf
 * @dmabuf: the dma-buf, of which the descriptor takes a reference
 * @direction: IOKMEM_DIRECTION_*; %IOKMEM_DIRECTION_OUT if it can only be read
 *
 * The memory can be prepared, mapped, part of other descriptors, and used by DMA commands,
 * as any other; its cache mode is the exporter's. Of a dma-buf that was made with
 * iokmem_desc_get_dma_buf() this is the very descriptor; or, if its length was less than
 * its capacity then, a sub-descriptor of it. That has a direction of its own, and can be
 * written, whatever @direction is: the caller goes by it.
 *
 * The exporter keeps the memory in place while it is prepared or mapped. While devices
 * write it, bytes are read between dma_buf_begin_cpu_access() and
 * dma_buf_end_cpu_access(); iokmem_desc_read_bytes(), iokmem_desc_write_bytes() and
 * iokmem_dma_synchronize() see to that themselves.
 *
 * Context: May sleep. The caller holds no mmap lock and no reservation lock.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @direction has other bits; the exporter gives the kernel no address of
 *   the memory, or does not keep it in place; memory of several types, or of a type that
 *   cannot be told
 * * -EACCES: it can only be read, and @direction is not %IOKMEM_DIRECTION_OUT
 * * -EINVAL: it has no memory
 * * -ENOMEM: no memory, or no kernel addresses, for it
 * * -EINTR: a signal arrived while the memory was awaited
 */
struct iokmem_desc *iokmem_desc_with_dma_buf(struct dma_buf *dmabuf, u32 direction)
{
	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	if (iokmem_dma_buf_is_read_only(dmabuf) && direction != IOKMEM_DIRECTION_OUT)
		return ERR_PTR(-EACCES);
	if (dmabuf->ops == &iokmem_export_ops ||
	    dmabuf->ops == &iokmem_export_ops_without_vmap)
		return original(export_of(dmabuf));
	return iokmem_import_create(dmabuf, direction);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_dma_buf, IOKMEM_NS);

MODULE_IMPORT_NS("DMA_BUF");
