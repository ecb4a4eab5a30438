// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of another driver, imported as a dma-buf.
 *
 * While the memory is held, a device of the module's is attached, which never touches the
 * memory. Exporters that move memory leave it in place then, and if one takes it back, the
 * descriptor is revoked: see attach.c. The kernel address that the exporter gives tells where the
 * memory is. From there on it is used like other memory, with these
 * differences:
 *
 *  - The exporter decides its type, and the module cannot change that.
 *  - User tasks can map it if the exporter lets user tasks map it.
 *  - Bytes are copied between dma_buf_begin_cpu_access() and dma_buf_end_cpu_access().
 *    Users of a map call these, too; programs use DMA_BUF_IOCTL_SYNC.
 *  - If the exporter gives no kernel address, the memory is opaque: a kind of its own. Nobody knows
 *    where it is, or whether it is RAM at all. Devices see it, and user tasks if the exporter maps
 *    it for them.
 *  - The exporter maps it for devices, so it is not mapped by its pages.
 *  - Devices of other drivers may be at work on it. DMA commands wait for their fences when they
 *    are prepared or synchronised, and those who copy bytes before they do. Fences of their own
 *    they do not make: nobody can tell how long a command stays prepared.
 */
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "desc/desc.h"
#include "desc/dma_view.h"
#include "memory/attach.h"
#include "memory/import.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/frame.h"
#include "trace.h"

/**
 * struct brought - memory that its exporter keeps in place, and where it is
 * @attachment: of the module's own device
 * @map: address of the memory in the kernel. Opaque memory has none
 * @extents: where the memory is, until it is pinned
 * @cache_mode: the exporter's
 */
struct brought {
	struct dma_buf_attachment *attachment;
	struct iosys_map map;
	struct iokmem_extents extents;
	u32 cache_mode;
};

/**
 * struct iokmem_import - a descriptor of a dma-buf
 * @desc: the descriptor; its extents are the memory while it is held
 * @dmabuf: the dma-buf, a counted reference
 * @importer: attaches devices, and learns that the exporter takes the memory back
 * @brought: keeps the memory while it is held
 */
struct iokmem_import {
	struct iokmem_desc desc;
	struct dma_buf *dmabuf;
	struct iokmem_importer importer;
	struct brought *brought;		/* protected by hold_lock of @desc */
};

/*
 * The descriptors of programs, by dma-buf and direction. All programs share one, with what says
 * where the memory is. A descriptor without users may still be here, but not one that is freed.
 */
static DEFINE_XARRAY_FLAGS(iokmem_imports, XA_FLAGS_ACCOUNT);

static struct device *iokmem_dma_buf_device;
static struct device_dma_parameters iokmem_dma_buf_parameters;
static u64 iokmem_dma_buf_mask = U64_MAX;

static struct iokmem_import *import_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_import, desc);
}

/* Exporters return any error. Pass on only those that callers are told of. */
static int error_of(int err, int otherwise)
{
	switch (err) {
	case -ERESTARTSYS:
	case -EINTR:
		return -EINTR;
	case -ENOMEM:
		return -ENOMEM;
	default:
		return otherwise;
	}
}

/* Return the address of @map, of RAM or of device memory. */
static unsigned long address_of(const struct iosys_map *map)
{
	return (unsigned long)(map->is_iomem ? (void __force *)map->vaddr_iomem :
					       map->vaddr);
}

/* Find the cache mode of all extents. Returns -EOPNOTSUPP if they have several. */
static int find_mode(struct brought *brought)
{
	const struct iokmem_extents *extents = &brought->extents;
	unsigned long address = address_of(&brought->map);
	unsigned int i;
	u32 mode;
	int err;

	for (i = 0; i < extents->nr; i++) {
		err = iokmem_cache_find(address, extents->array[i].pfn, &mode);
		if (err)
			return err;
		if (i && mode != brought->cache_mode)
			return -EOPNOTSUPP;
		brought->cache_mode = mode;
		address += iokmem_extent_pages(extents, i) << PAGE_SHIFT;
		cond_resched();
	}
	return 0;
}

/* Find where the memory is and which type it has. The exporter keeps it in place. */
static int look_up(const struct iokmem_desc *desc, struct brought *brought)
{
	unsigned long address = address_of(&brought->map);
	int err = -EFAULT;

	if (!offset_in_page(address))
		err = iokmem_kernel_extents(&brought->extents, address,
					    iokmem_desc_pages(desc), true);
	if (err)
		return err == -EFAULT ? -EOPNOTSUPP : err;
	err = find_mode(brought);
	if (err)
		iokmem_extents_fini(&brought->extents);
	return err;
}

/*
 * Have the memory kept in place, so that it may be written if that is possible, since a later
 * hold may need that. The module's device has the memory mapped only if the kernel needs that to
 * keep it in place: unmapping may drop lines from caches that the CPU has written.
 */
static void *attach_bring_in(struct iokmem_desc *desc, bool write)
{
	struct iokmem_import *import = import_of(desc);
	struct brought *brought;
	int err;

	if (write && iokmem_dma_buf_is_read_only(import->dmabuf))
		return ERR_PTR(-EACCES);
	brought = kzalloc(sizeof(*brought), GFP_KERNEL_ACCOUNT);
	if (!brought)
		return ERR_PTR(-ENOMEM);
	brought->attachment = iokmem_attach(&import->importer, iokmem_dma_buf_device);
	if (IS_ERR(brought->attachment)) {
		err = error_of(PTR_ERR(brought->attachment), -EOPNOTSUPP);
		kfree(brought);
		return ERR_PTR(err);
	}
	return brought;
}

static void attach_let_go(struct iokmem_desc *desc, void *data)
{
	struct brought *brought = data;

	iokmem_detach(&import_of(desc)->importer, brought->attachment);
	kfree(brought);
}

static int attach_pin(struct iokmem_desc *desc, bool write, void *brought)
{
	struct iokmem_import *import = import_of(desc);

	lockdep_assert_held(&desc->hold_lock);

	WRITE_ONCE(desc->held_read_only, iokmem_dma_buf_is_read_only(import->dmabuf));
	import->brought = brought;
	return 0;
}

static void attach_unpin(struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->hold_lock);

	attach_let_go(desc, import_of(desc)->brought);
}

static void *import_bring_in(struct iokmem_desc *desc, bool write)
{
	struct dma_buf *dmabuf = import_of(desc)->dmabuf;
	struct brought *brought = attach_bring_in(desc, write);
	int err;

	if (IS_ERR(brought))
		return brought;
	/* The kernel warns if this fails. */
	err = dma_buf_vmap_unlocked(dmabuf, &brought->map);
	if (err) {
		err = -ENOMEM;
		goto err_detach;
	}
	err = look_up(desc, brought);
	if (err)
		goto err_vunmap;
	return brought;

err_vunmap:
	dma_buf_vunmap_unlocked(dmabuf, &brought->map);
err_detach:
	attach_let_go(desc, brought);
	return ERR_PTR(err);
}

static void import_let_go(struct iokmem_desc *desc, void *data)
{
	struct brought *brought = data;

	iokmem_extents_fini(&brought->extents);
	dma_buf_vunmap_unlocked(import_of(desc)->dmabuf, &brought->map);
	attach_let_go(desc, brought);
}

static int import_pin(struct iokmem_desc *desc, bool write, void *data)
{
	struct brought *brought = data;

	iokmem_extents_move(&desc->extents, &brought->extents);
	mutex_lock(&desc->lock);
	WRITE_ONCE(desc->cache_mode, brought->cache_mode);
	mutex_unlock(&desc->lock);
	return attach_pin(desc, write, brought);
}

static void import_unpin(struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->hold_lock);

	iokmem_extents_fini(&desc->extents);
	import_let_go(desc, import_of(desc)->brought);
}

static unsigned long import_kernel_address(const struct iokmem_desc *desc,
					   pgoff_t index, unsigned long nr)
{
	return address_of(&import_of(desc)->brought->map) + (index << PAGE_SHIFT);
}

/* Entries that user tasks get are encrypted, which is wrong for memory of a device. */
static int import_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			  bool user)
{
	const struct iokmem_import *import = import_of(desc);

	if (!user)
		return 0;
	return import->dmabuf->ops->mmap &&
	       !(import->brought->map.is_iomem && cc_platform_has(CC_ATTR_MEM_ENCRYPT)) ?
	       0 : -EOPNOTSUPP;
}

/*
 * iokmem_dma_buf_wait - wait for the devices that are not done with a dma-buf
 *
 * Wait for those that write it, and if @write also for those that read it. Drivers tell of them
 * by implicit fences. Fences are signalled after a finite time whatever programs do, which their
 * drivers must see to. Caller must hold no lock. Return 0, or -ERESTARTSYS if a signal arrives.
 */
int iokmem_dma_buf_wait(struct dma_buf *dmabuf, bool write)
{
	long left = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
					  MAX_SCHEDULE_TIMEOUT);

	return left < 0 ? left : 0;
}

/* The kernel waits, too, but not before exporters copy what devices have written so far. */
static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	int err = iokmem_dma_buf_wait(dmabuf, direction != DMA_FROM_DEVICE);

	if (!err)
		err = dma_buf_begin_cpu_access(dmabuf, direction);
	return err ? error_of(err, -EIO) : 0;
}

static enum dma_data_direction access_direction(bool write)
{
	/* The bytes around those that are written must be up to date, too. */
	return write ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE;
}

static int import_begin_access(struct iokmem_desc *desc, bool write)
{
	return begin_cpu_access(import_of(desc)->dmabuf, access_direction(write));
}

static void import_end_access(struct iokmem_desc *desc, bool write)
{
	dma_buf_end_cpu_access(import_of(desc)->dmabuf, access_direction(write));
}

static int import_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write)
{
	int err;

	if (mutex_lock_killable(&desc->hold_lock))
		return -EINTR;
	err = iokmem_check_known(desc, write);
	if (!err)
		iokmem_access_map(&import_of(desc)->brought->map, offset, bytes, length, write);
	mutex_unlock(&desc->hold_lock);
	return err;
}

/* Return true if @table has @bytes bytes, so that no segment begins after its last entry. */
static bool is_told_of(struct sg_table *table, size_t bytes)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (!sg_dma_len(sg))
			break;
		if (sg_dma_len(sg) >= bytes)
			return true;
		bytes -= sg_dma_len(sg);
		cond_resched();
	}
	return false;
}

static int import_device_map(struct iokmem_dma_view *view)
{
	struct iokmem_importer *importer = &import_of(view->window.desc)->importer;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	int err;

	attachment = iokmem_attach(importer, view->dev);
	if (IS_ERR(attachment))
		return error_of(PTR_ERR(attachment), -EXDEV);
	table = iokmem_attachment_map(attachment, view->direction);
	if (IS_ERR(table)) {
		err = error_of(PTR_ERR(table), -ENOBUFS);
		goto err_detach;
	}
	err = -EIO;
	if (!is_told_of(table, view->window.offset + view->window.length))
		goto err_unmap;
	view->private = attachment;
	view->table = table;
	view->skip = view->window.offset;
	return 0;

err_unmap:
	iokmem_attachment_unmap(attachment, table, view->direction);
err_detach:
	iokmem_detach(importer, attachment);
	return err;
}

static void import_device_unmap(struct iokmem_dma_view *view)
{
	iokmem_attachment_unmap(view->private, view->table, view->direction);
	iokmem_detach(&import_of(view->window.desc)->importer, view->private);
}

static int import_device_wait(struct iokmem_desc *desc, bool write)
{
	int err = iokmem_dma_buf_wait(import_of(desc)->dmabuf, write);

	return err ? error_of(err, -EIO) : 0;
}

/* The exporter does what is needed. */
static int import_device_sync(struct iokmem_desc *desc, enum dma_data_direction direction,
			      bool for_cpu)
{
	struct dma_buf *dmabuf = import_of(desc)->dmabuf;
	int err;

	if (for_cpu)
		return begin_cpu_access(dmabuf, direction);
	err = dma_buf_end_cpu_access(dmabuf, direction);
	return err ? error_of(err, -EIO) : 0;
}

/*
 * The VMA keeps its own file: by the exporter's a program could map all of the dma-buf, although it
 * may have been given less. If the file is read-only, the kernel has made the VMA look like a
 * private one, which exporters refuse.
 */
static int opaque_fill_vma(struct iokmem_desc *desc, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = import_of(desc)->dmabuf;
	struct file *file = get_file(vma->vm_file);
	bool shared = vma->vm_flags & VM_SHARED;
	int err;

	vm_flags_set(vma, VM_SHARED);
	err = dma_buf_mmap(dmabuf, vma, vma->vm_pgoff);
	if (!shared)
		vm_flags_clear(vma, VM_SHARED);
	if (!err && vma->vm_file != dmabuf->file) {
		if (vma->vm_ops && vma->vm_ops->close)
			vma->vm_ops->close(vma);
		err = -EOPNOTSUPP;
	}
	vma_set_file(vma, file);
	fput(file);
	return err ? error_of(err, -EOPNOTSUPP) : IOKMEM_FILLED_BY_OTHERS;
}

/* The file on whose inode all VMAs are, so that the exporter can have all entries removed. */
static struct file *opaque_file(const struct iokmem_desc *desc)
{
	return import_of(desc)->importer.vmas;
}

/* The kernel does not see memory of which the exporter gives no address. */
static int opaque_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			  bool user)
{
	return user && import_of(desc)->dmabuf->ops->mmap ? 0 : -EOPNOTSUPP;
}

static int opaque_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write)
{
	return -EOPNOTSUPP;
}

static int opaque_page_counts(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
			      u64 *resident, u64 *dirty)
{
	return -EOPNOTSUPP;
}

/* A direction fits into the bits that the address of an object leaves. */
static unsigned long key_of(const struct dma_buf *dmabuf, u32 direction)
{
	BUILD_BUG_ON(IOKMEM_DIRECTION_MASK >= __alignof__(*dmabuf));
	return (unsigned long)dmabuf | direction;
}

static void import_release(struct iokmem_desc *desc)
{
	/* Another descriptor may have taken its place, or have been there all the time. */
	xa_cmpxchg(&iokmem_imports, key_of(import_of(desc)->dmabuf, desc->options),
		   import_of(desc), NULL, GFP_KERNEL_ACCOUNT);
	if (import_of(desc)->importer.vmas)
		fput(import_of(desc)->importer.vmas);
	dma_buf_put(import_of(desc)->dmabuf);
}

static const struct iokmem_store_ops import_store = {
	.bring_in	= import_bring_in,
	.let_go		= import_let_go,
	.pin		= import_pin,
	.unpin		= import_unpin,
};

static const struct iokmem_show_ops import_show = {
	.kernel_address	= import_kernel_address,
	.may_map	= import_may_map,
};

static const struct iokmem_bytes_ops import_bytes = {
	.access		= import_access,
	.begin		= import_begin_access,
	.end		= import_end_access,
};

static const struct iokmem_device_ops import_device = {
	.map		= import_device_map,
	.unmap		= import_device_unmap,
	.wait		= import_device_wait,
	.sync		= import_device_sync,
};

static const struct iokmem_kind iokmem_import_kind = {
	.name		= "dma-buf",
	.held_address	= true,
	.resolve	= iokmem_cache_resolve_io,
	.store		= &import_store,
	.show		= &import_show,
	.bytes		= &import_bytes,
	.device		= &import_device,
	.release	= import_release,
};

static const struct iokmem_store_ops opaque_store = {
	.bring_in	= attach_bring_in,
	.let_go		= attach_let_go,
	.pin		= attach_pin,
	.unpin		= attach_unpin,
	.page_counts	= opaque_page_counts,
};

static const struct iokmem_show_ops opaque_show = {
	.fill_vma	= opaque_fill_vma,
	.file		= opaque_file,
	.may_map	= opaque_may_map,
};

static const struct iokmem_bytes_ops opaque_bytes = {
	.access		= opaque_access,
};

static const struct iokmem_kind iokmem_opaque_kind = {
	.name		= "opaque dma-buf",
	.fixed_address	= true,
	.resolve	= iokmem_cache_resolve_io,
	.store		= &opaque_store,
	.show		= &opaque_show,
	.bytes		= &opaque_bytes,
	.device		= &import_device,
	.release	= import_release,
};

/*
 * iokmem_import_dma_buf - return the dma-buf that @desc was made of, or NULL
 *
 * @desc keeps the dma-buf.
 */
struct dma_buf *iokmem_import_dma_buf(const struct iokmem_desc *desc)
{
	return iokmem_desc_is_of(desc, &iokmem_import_kind) ||
	       iokmem_desc_is_of(desc, &iokmem_opaque_kind) ?
	       import_of(desc)->dmabuf : NULL;
}

/*
 * iokmem_dma_buf_is_read_only - return true if a dma-buf may only be read
 */
bool iokmem_dma_buf_is_read_only(const struct dma_buf *dmabuf)
{
	return !(dmabuf->file->f_mode & FMODE_WRITE);
}

static const struct file_operations iokmem_opaque_fops = {
	.owner	= THIS_MODULE,
};

/* The exporter's memory may have any cache mode. */
static int init_opaque(struct iokmem_import *import)
{
	struct file *file;

	file = iokmem_desc_map_file(&import->desc, NULL, O_RDONLY, &iokmem_opaque_fops);
	if (IS_ERR(file))
		return PTR_ERR(file);
	import->importer.vmas = file;
	import->desc.cache_mode = IOKMEM_MAP_DEFAULT_CACHE;
	return 0;
}

/*
 * iokmem_import_create - make a published descriptor of another driver's dma-buf
 *
 * @direction is %IOKMEM_DIRECTION_OUT if the dma-buf may only be read. Returns ERR_PTR() as
 * iokmem_desc_with_dma_buf().
 */
struct iokmem_desc *iokmem_import_create(struct dma_buf *dmabuf, u32 direction)
{
	u64 start = iokmem_trace_start(iokmem_dma_buf_import);
	struct iokmem_desc *desc;
	int err = 0;

	if (!dmabuf->size)
		return ERR_PTR(-EINVAL);
	desc = iokmem_desc_alloc(dmabuf->ops->vmap ? &iokmem_import_kind :
						     &iokmem_opaque_kind,
				 sizeof(struct iokmem_import), dmabuf->size);
	if (IS_ERR(desc))
		return desc;
	desc->options = direction;
	desc->direction = direction;
	get_dma_buf(dmabuf);
	import_of(desc)->dmabuf = dmabuf;
	iokmem_importer_init(&import_of(desc)->importer, desc, dmabuf);
	if (!dmabuf->ops->vmap)
		err = init_opaque(import_of(desc));
	/* Find out now whether the memory can be had, and which type it has. */
	if (!err)
		err = iokmem_desc_hold(desc, false, NULL);
	trace_iokmem_dma_buf_import(desc, desc->capacity, err, start);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	iokmem_desc_unhold(desc, NULL);
	iokmem_desc_publish(desc);
	return desc;
}

/* Return the descriptor that programs share, with a reference; or NULL. */
static struct iokmem_desc *get_shared(unsigned long key)
{
	struct iokmem_import *import;
	struct iokmem_desc *desc = NULL;

	xa_lock(&iokmem_imports);
	import = xa_load(&iokmem_imports, key);
	if (import && !iokmem_desc_check_revoked(&import->desc) &&
	    !iokmem_desc_get_found(&import->desc))
		desc = &import->desc;
	xa_unlock(&iokmem_imports);
	return desc;
}

/*
 * iokmem_import_shared - as iokmem_import_create(), for a program
 *
 * Programs share a descriptor. Each user who holds the memory is charged: exporters pin memory for
 * whoever attaches, and do not ask who that is.
 */
struct iokmem_desc *iokmem_import_shared(struct dma_buf *dmabuf, u32 direction)
{
	unsigned long key = key_of(dmabuf, direction);
	struct iokmem_desc *desc = get_shared(key);

	if (desc)
		return desc;
	desc = iokmem_import_create(dmabuf, direction);
	if (IS_ERR(desc))
		return desc;
	/* Nobody else has it yet, so nobody holds it. */
	desc->hold_pages = iokmem_desc_pages(desc);
	/* Without memory for that, it is this program's alone. */
	xa_store(&iokmem_imports, key, import_of(desc), GFP_KERNEL_ACCOUNT);
	return desc;
}

int __init iokmem_dma_buf_init(void)
{
	struct device *dev = root_device_register("iokmem-dma-buf");

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	dev->dma_mask = &iokmem_dma_buf_mask;
	dev->dma_parms = &iokmem_dma_buf_parameters;
	dma_set_max_seg_size(dev, UINT_MAX);
	dma_set_seg_boundary(dev, ULONG_MAX);
	iokmem_dma_buf_device = dev;
	return 0;
}

void iokmem_dma_buf_exit(void)
{
	WARN_ON(!xa_empty(&iokmem_imports));
	root_device_unregister(iokmem_dma_buf_device);
}
