// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that exports dma-bufs. See exporter.h. It allocates everything for its kernel
 * address in advance, since the kernel warns when that fails later.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/libnvdimm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "exporter.h"
#include "kinds.h"
#include "page/compat.h"

#define SIZE	(EXPORTER_PAGES * PAGE_SIZE)

static int exporter_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct exporter *exporter = dmabuf->priv;

	if (exporter->attach_error)
		return exporter->attach_error;
	exporter->attached++;
	return 0;
}

static void exporter_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct exporter *exporter = dmabuf->priv;

	exporter->attached--;
}

/* Return the table of memory that has no pages. */
static int map_io(struct sg_table *table)
{
	if (sg_alloc_table(table, 1, GFP_KERNEL))
		return -ENOMEM;
	sg_dma_address(table->sgl) = RESERVED_START;
	sg_dma_len(table->sgl) = SIZE;
	return 0;
}

static int map_pages(struct exporter *exporter, struct device *dev,
		     enum dma_data_direction direction, struct sg_table *table)
{
	unsigned int nr = EXPORTER_PAGES;
	int err;

	if (exporter->options & EXPORTER_SHORT)
		nr--;
	err = sg_alloc_table_from_pages_segment(table, exporter->pages, nr, 0,
						nr << PAGE_SHIFT, PAGE_SIZE, GFP_KERNEL);
	if (err)
		return err;
	err = dma_map_sgtable(dev, table, direction, DMA_ATTR_SKIP_CPU_SYNC);
	if (err)
		sg_free_table(table);
	return err;
}

static struct sg_table *exporter_map(struct dma_buf_attachment *attachment,
				     enum dma_data_direction direction)
{
	struct exporter *exporter = attachment->dmabuf->priv;
	struct sg_table *table;
	int err = exporter->map_error;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	if (!err)
		err = exporter->options & EXPORTER_IO ? map_io(table) :
		      map_pages(exporter, attachment->dev, direction, table);
	if (err) {
		kfree(table);
		return ERR_PTR(err);
	}
	exporter->mapped++;
	return table;
}

static void exporter_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			   enum dma_data_direction direction)
{
	struct exporter *exporter = attachment->dmabuf->priv;

	exporter->mapped--;
	if (!(exporter->options & EXPORTER_IO))
		dma_unmap_sgtable(attachment->dev, table, direction,
				  DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(table);
	kfree(table);
}

static int exporter_pin(struct dma_buf_attachment *attachment)
{
	struct exporter *exporter = attachment->dmabuf->priv;

	dma_resv_assert_held(attachment->dmabuf->resv);
	/* The memory moves to where it can be pinned. */
	if (!exporter->pinned)
		dma_buf_invalidate_mappings(attachment->dmabuf);
	exporter->pinned++;
	return 0;
}

static void exporter_unpin(struct dma_buf_attachment *attachment)
{
	struct exporter *exporter = attachment->dmabuf->priv;

	dma_resv_assert_held(attachment->dmabuf->resv);
	exporter->pinned--;
}

static int exporter_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exporter *exporter = dmabuf->priv;

	WRITE_ONCE(exporter->vmapped, true);
	if (exporter->vmap_delay)
		wait_for_completion(exporter->vmap_delay);
	if (exporter->options & EXPORTER_IO)
		iosys_map_set_vaddr_iomem(map, (void __iomem *)exporter->bytes);
	else
		iosys_map_set_vaddr(map, exporter->bytes);
	return 0;
}

static void exporter_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exporter *exporter = dmabuf->priv;

	exporter->vmapped = false;
}

static void exporter_vma_open(struct vm_area_struct *vma)
{
	struct exporter *exporter = vma->vm_private_data;

	exporter->vmas++;
}

static void exporter_vma_close(struct vm_area_struct *vma)
{
	struct exporter *exporter = vma->vm_private_data;

	exporter->vmas--;
}

static vm_fault_t exporter_fault(struct vm_fault *vmf)
{
	struct exporter *exporter = vmf->vma->vm_private_data;

	exporter->faults++;
	if (vmf->pgoff >= EXPORTER_PAGES || exporter->gone)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(exporter->pages[vmf->pgoff]));
}

static const struct vm_operations_struct exporter_vm_ops = {
	.open	= exporter_vma_open,
	.close	= exporter_vma_close,
	.fault	= exporter_fault,
};

static int mmap_page(struct exporter *exporter, struct vm_area_struct *vma, unsigned long i)
{
	struct page *page = exporter->pages[vma->vm_pgoff + i];
	unsigned long address = vma->vm_start + (i << PAGE_SHIFT);

	if (exporter->options & EXPORTER_COUNTED)
		return vm_insert_page(vma, address, page);
	return remap_pfn_range(vma, address, page_to_pfn(page), PAGE_SIZE, vma->vm_page_prot);
}

static int exporter_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct exporter *exporter = dmabuf->priv;
	unsigned long i;
	int err = 0;

	if (!(exporter->options & (EXPORTER_FAULTS | EXPORTER_REMAPS | EXPORTER_COUNTED)))
		return -ENODEV;
	if (exporter->mmap_error)
		return exporter->mmap_error;
	/* Some exporters refuse what may be a private copy. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	for (i = 0; !(exporter->options & EXPORTER_FAULTS) && i < vma_pages(vma) && !err; i++)
		err = mmap_page(exporter, vma, i);
	if (err || (exporter->options & EXPORTER_REMAPS))
		return err;
	if (exporter->options & EXPORTER_FAULTS)
		vm_flags_set(vma, VM_PFNMAP);
	vma->vm_ops = &exporter_vm_ops;
	vma->vm_private_data = exporter;
	exporter_vma_open(vma);
	return 0;
}

static int exporter_begin(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct exporter *exporter = dmabuf->priv;

	if (exporter->begin_error)
		return exporter->begin_error;
	exporter->begun++;
	exporter->accesses++;
	return 0;
}

static int exporter_end(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct exporter *exporter = dmabuf->priv;

	exporter->begun--;
	return 0;
}

static void exporter_release(struct dma_buf *dmabuf)
{
	struct exporter *exporter = dmabuf->priv;

	WRITE_ONCE(exporter->released, true);
}

#define EXPORTER_OPS					\
	.attach			= exporter_attach,	\
	.detach			= exporter_detach,	\
	.map_dma_buf		= exporter_map,		\
	.unmap_dma_buf		= exporter_unmap,	\
	.begin_cpu_access	= exporter_begin,	\
	.end_cpu_access		= exporter_end,		\
	.release		= exporter_release

static const struct dma_buf_ops exporter_ops = {
	EXPORTER_OPS,
	.mmap	= exporter_mmap,
	.vmap	= exporter_vmap,
	.vunmap	= exporter_vunmap,
};

static const struct dma_buf_ops exporter_ops_no_vmap = {
	EXPORTER_OPS,
	.mmap	= exporter_mmap,
};

static const struct dma_buf_ops exporter_ops_no_mmap = {
	EXPORTER_OPS,
	.vmap	= exporter_vmap,
	.vunmap	= exporter_vunmap,
};

static const struct dma_buf_ops exporter_ops_moves = {
	EXPORTER_OPS,
	.pin	= exporter_pin,
	.unpin	= exporter_unpin,
	.mmap	= exporter_mmap,
	.vmap	= exporter_vmap,
	.vunmap	= exporter_vunmap,
};

static const struct dma_buf_ops exporter_ops_moves_no_vmap = {
	EXPORTER_OPS,
	.pin	= exporter_pin,
	.unpin	= exporter_unpin,
	.mmap	= exporter_mmap,
};

static const struct dma_buf_ops *ops_for(unsigned int options)
{
	if ((options & EXPORTER_NO_VMAP) && (options & EXPORTER_MOVES))
		return &exporter_ops_moves_no_vmap;
	if (options & EXPORTER_NO_VMAP)
		return &exporter_ops_no_vmap;
	if (options & EXPORTER_NO_MMAP)
		return &exporter_ops_no_mmap;
	return options & EXPORTER_MOVES ? &exporter_ops_moves : &exporter_ops;
}

static void free_memory(void *data)
{
	struct exporter *exporter = data;
	int i;

	if (exporter->options & EXPORTER_IO) {
		if (exporter->bytes)
			iounmap((void __iomem *)exporter->bytes);
		return;
	}
	vunmap(exporter->bytes);
#ifdef CONFIG_X86
	if ((exporter->options & EXPORTER_COMBINED) && exporter->bytes)
		set_pages_array_wb(exporter->pages, EXPORTER_PAGES);
#endif
	for (i = 0; i < EXPORTER_PAGES && exporter->pages[i]; i++)
		__free_page(exporter->pages[i]);
}

static void make_memory(struct exporter *exporter)
{
	pgprot_t prot = PAGE_KERNEL;
	int i;

	if (exporter->options & EXPORTER_IO) {
		exporter->bytes = (__force u8 *)ioremap(RESERVED_START, SIZE);
		return;
	}
	for (i = 0; i < EXPORTER_PAGES; i++) {
		exporter->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!exporter->pages[i])
			return;
	}
#ifdef CONFIG_X86
	if (exporter->options & EXPORTER_COMBINED) {
		prot = pgprot_writecombine(prot);
		if (set_pages_array_wc(exporter->pages, EXPORTER_PAGES))
			return;
	}
#elif defined(CONFIG_ARM64)
	if (exporter->options & EXPORTER_COMBINED) {
		prot = pgprot_writecombine(prot);
		for (i = 0; i < EXPORTER_PAGES; i++)
			arch_wb_cache_pmem(page_address(exporter->pages[i]), PAGE_SIZE);
	}
#endif
	exporter->bytes = vmap(exporter->pages, EXPORTER_PAGES, VM_MAP, prot);
}

void take_back(struct exporter *exporter)
{
	dma_resv_lock(exporter->dmabuf->resv, NULL);
	exporter->gone = true;
	dma_buf_invalidate_mappings(exporter->dmabuf);
	dma_resv_unlock(exporter->dmabuf->resv);
}

static void put_dma_buf(void *dmabuf)
{
	dma_buf_put(dmabuf);
}

void keep_dma_buf(struct kunit *test, struct dma_buf *dmabuf)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_dma_buf, dmabuf));
}

void put_dma_buf_now(struct kunit *test, struct dma_buf *dmabuf)
{
	kunit_release_action(test, put_dma_buf, dmabuf);
}

bool is_released(const struct exporter *exporter)
{
	int i;

	for (i = 0; i < 100 && !READ_ONCE(exporter->released); i++) {
		flush_delayed_fput();
		msleep(20);
	}
	return READ_ONCE(exporter->released);
}

bool is_idle(const struct exporter *exporter)
{
	int i;

	/* The last file of a VMA goes a moment after the VMA. */
	for (i = 0; i < 100 && READ_ONCE(exporter->attached); i++) {
		flush_delayed_fput();
		msleep(20);
	}
	return !exporter->attached && !exporter->mapped && !exporter->pinned &&
	       !exporter->vmapped && !exporter->begun;
}

/* The test has put its importers, and they must have put the dma-buf. */
static void expect_released(void *data)
{
	struct exporter *exporter = data;

	if (!is_released(exporter))
		KUNIT_FAIL(exporter->test, "an importer has kept a dma-buf");
}

struct exporter *exporter(struct kunit *test, unsigned int options)
{
	struct exporter *exporter = kunit_kzalloc(test, sizeof(*exporter), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	if (options & EXPORTER_IO)
		need_reserved(test);
	KUNIT_ASSERT_NOT_NULL(test, exporter);
	exporter->test = test;
	exporter->options = options;
	make_memory(exporter);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_memory, exporter));
	KUNIT_ASSERT_NOT_NULL(test, exporter->bytes);

	info.ops = ops_for(options);
	info.size = options & EXPORTER_EMPTY ? 0 : SIZE;
	info.flags = options & EXPORTER_READ_ONLY ? O_RDONLY : O_RDWR;
	info.priv = exporter;
	exporter->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exporter->dmabuf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, expect_released, exporter));
	keep_dma_buf(test, exporter->dmabuf);
	return exporter;
}

MODULE_IMPORT_NS("DMA_BUF");
