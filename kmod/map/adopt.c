// SPDX-License-Identifier: GPL-2.0
/*
 * Adopted VMAs: another driver has filled them, and may have given them its own operations and
 * private data.
 *
 * Its faults and its bookkeeping go by these, so they stay. The module has to learn only when the
 * VMA is closed, and must let nobody split or move it. So the VMA gets operations of the module's,
 * which lead to the mapping and call the driver's.
 *
 * When the mapping has been killed the VMA stays adopted, and empty, until it is closed.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "map/map.h"
#include "map/vma.h"
#include "page/compat.h"

/**
 * struct adopted - behind an adopted VMA
 * @ops: the VMA's operations
 * @ours: the operations of a VMA that is not adopted
 * @theirs: the operations that the driver has given the VMA
 * @mapping: the mapping, of which the VMA has a count
 */
struct adopted {
	const struct vm_operations_struct ops;
	const struct vm_operations_struct *ours;
	const struct vm_operations_struct *theirs;
	struct iokmem_mapping *mapping;
};

static const struct vm_operations_struct no_ops;

static struct adopted *adopted_of(const struct vm_area_struct *vma)
{
	return (struct adopted *)container_of(vma->vm_ops, struct adopted, ops);
}

/* mremap() copies the VMA before it fails. */
static void adopted_open(struct vm_area_struct *vma)
{
	const struct vm_operations_struct *theirs = adopted_of(vma)->theirs;

	if (theirs->open)
		theirs->open(vma);
}

static void adopted_close(struct vm_area_struct *vma)
{
	const struct adopted *adopted = adopted_of(vma);

	if (vma->vm_start != iokmem_mapping_vma_start(adopted->mapping)) {
		if (adopted->theirs->close)
			adopted->theirs->close(vma);
		return;
	}
	iokmem_vma_disown(vma);
	vma->vm_ops->close(vma);
}

static vm_fault_t adopted_fault(struct vm_fault *vmf)
{
	const struct adopted *adopted = adopted_of(vmf->vma);

	if (READ_ONCE(adopted->mapping->state) == IOKMEM_MAPPING_KILLED ||
	    !adopted->theirs->fault)
		return VM_FAULT_SIGBUS;
	return adopted->theirs->fault(vmf);
}

/*
 * iokmem_vma_is_adopted - return true if another driver has filled the VMA
 */
bool iokmem_vma_is_adopted(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->close == adopted_close;
}

/*
 * iokmem_adopted_mapping - return the mapping of an adopted VMA
 */
struct iokmem_mapping *iokmem_adopted_mapping(const struct vm_area_struct *vma)
{
	return adopted_of(vma)->mapping;
}

/*
 * iokmem_vma_adopt - adopt a new VMA that another driver has just filled
 *
 * The VMA has had the operations @ours before. The caller must get a count of @mapping for it.
 * Return 0; -EOPNOTSUPP if the entries cannot be removed without those of other VMAs; or -ENOMEM.
 * After an error the driver has forgotten the VMA, which may have entries.
 */
int iokmem_vma_adopt(struct vm_area_struct *vma, struct iokmem_mapping *mapping,
		     const struct vm_operations_struct *ours)
{
	bool has_ops = vma->vm_ops && vma->vm_ops != ours;
	const struct vm_operations_struct *theirs = has_ops ? vma->vm_ops : &no_ops;
	/* Entries are made by ->fault() only, which knows whether the mapping has been killed. */
	const struct adopted adopted = {
		.ops = {
			.open		= adopted_open,
			.close		= adopted_close,
			.may_split	= ours->may_split,
			.mremap		= ours->mremap,
			.fault		= adopted_fault,
			.page_mkwrite	= theirs->page_mkwrite,
			.pfn_mkwrite	= theirs->pfn_mkwrite,
		},
		.ours = ours,
		.theirs = theirs,
		.mapping = mapping,
	};
	struct adopted *copy;
	int err = -EOPNOTSUPP;

	mmap_assert_write_locked(vma->vm_mm);

	if (!(vma->vm_flags & VM_PFNMAP))
		goto err_close;
	err = -ENOMEM;
	copy = kmemdup(&adopted, sizeof(adopted), GFP_KERNEL_ACCOUNT);
	if (!copy)
		goto err_close;
	vma->vm_ops = &copy->ops;
	return 0;

err_close:
	if (theirs->close)
		theirs->close(vma);
	vma->vm_ops = ours;
	return err;
}

/*
 * iokmem_vma_disown - undo iokmem_vma_adopt(), of a VMA that is going
 *
 * The driver forgets the VMA, which has the module's own operations and private data again.
 */
void iokmem_vma_disown(struct vm_area_struct *vma)
{
	struct adopted *adopted = adopted_of(vma);

	mmap_assert_locked(vma->vm_mm);

	if (adopted->theirs->close)
		adopted->theirs->close(vma);
	vma->vm_ops = adopted->ours;
	vma->vm_private_data = adopted->mapping;
	kfree(adopted);
}
