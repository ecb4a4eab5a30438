// SPDX-License-Identifier: GPL-2.0
/*
 * A dma-buf of which the exporter gives no kernel address, and no table for devices: programs map
 * it, page by page. Page i is filled with bytes i.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../../kmod/page/compat.h"
#include "iokmem_probe.h"
#include "opaque.h"

/**
 * struct opaque - the memory
 * @pages: one by one
 * @vmas: number of VMAs that have its operations
 */
struct opaque {
	struct page *pages[IOKMEM_PROBE_OPAQUE_PAGES];
	atomic_t vmas;
};

static void opaque_vma_open(struct vm_area_struct *vma)
{
	struct opaque *opaque = vma->vm_private_data;

	atomic_inc(&opaque->vmas);
}

static void opaque_vma_close(struct vm_area_struct *vma)
{
	struct opaque *opaque = vma->vm_private_data;

	atomic_dec(&opaque->vmas);
}

static vm_fault_t opaque_fault(struct vm_fault *vmf)
{
	struct opaque *opaque = vmf->vma->vm_private_data;

	if (vmf->pgoff >= IOKMEM_PROBE_OPAQUE_PAGES)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(opaque->pages[vmf->pgoff]));
}

static const struct vm_operations_struct opaque_vm_ops = {
	.open	= opaque_vma_open,
	.close	= opaque_vma_close,
	.fault	= opaque_fault,
};

static int opaque_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_IO);
	vma->vm_ops = &opaque_vm_ops;
	vma->vm_private_data = dmabuf->priv;
	opaque_vma_open(vma);
	return 0;
}

static struct sg_table *opaque_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void opaque_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			 enum dma_data_direction direction)
{
}

static void opaque_free(struct opaque *opaque)
{
	int i;

	for (i = 0; i < IOKMEM_PROBE_OPAQUE_PAGES && opaque->pages[i]; i++)
		__free_page(opaque->pages[i]);
	kfree(opaque);
}

static void opaque_release(struct dma_buf *dmabuf)
{
	struct opaque *opaque = dmabuf->priv;

	WARN_ON(atomic_read(&opaque->vmas));
	opaque_free(opaque);
}

static const struct dma_buf_ops opaque_ops = {
	.map_dma_buf	= opaque_map,
	.unmap_dma_buf	= opaque_unmap,
	.mmap		= opaque_mmap,
	.release	= opaque_release,
};

/* Return a file descriptor of a new dma-buf. */
int probe_opaque(void)
{
	struct opaque *opaque = kzalloc(sizeof(*opaque), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	int i, fd;

	if (!opaque)
		return -ENOMEM;
	for (i = 0; i < IOKMEM_PROBE_OPAQUE_PAGES; i++) {
		opaque->pages[i] = alloc_page(GFP_KERNEL);
		if (!opaque->pages[i]) {
			opaque_free(opaque);
			return -ENOMEM;
		}
		memset(page_address(opaque->pages[i]), i, PAGE_SIZE);
	}
	info.ops = &opaque_ops;
	info.size = IOKMEM_PROBE_OPAQUE_PAGES * PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = opaque;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		opaque_free(opaque);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

MODULE_IMPORT_NS("DMA_BUF");
