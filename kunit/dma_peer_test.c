// SPDX-License-Identifier: GPL-2.0
/* Memory of PCI devices for other devices: only if transfers certainly arrive. */
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>

#include "dma_helpers.h"

/* QEMU's edu device: the tests of devices have two. */
#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8

static void put_pci(void *pdev)
{
	pci_dev_put(pdev);
}

/* Find the next edu device after @from. Skips the test if there is none. */
static struct pci_dev *edu_after(struct kunit *test, struct pci_dev *from)
{
	struct pci_dev *pdev = pci_get_device(EDU_VENDOR, EDU_DEVICE, pci_dev_get(from));

	if (!pdev)
		kunit_skip(test, "no such devices");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_pci, pdev));
	return pdev;
}

static int prepare_error(struct kunit *test, struct device *dev, struct iokmem_desc *desc)
{
	struct iokmem_dma *dma = command(test, dev, &anything);
	int err = iokmem_dma_set_memory_descriptor(dma, desc, true);

	put_dma_now(test, dma);
	return err;
}

static void peer_is_refused_unless_the_kernel_vouches_for_it(struct kunit *test)
{
	struct pci_dev *owner = edu_after(test, NULL), *peer = edu_after(test, owner);
	phys_addr_t start = pci_resource_start(owner, 0);
	struct iokmem_desc *whole, *part;

	if (pci_p2pdma_distance(owner, &peer->dev, false) >= 0)
		kunit_skip(test, "the kernel vouches for it");
	whole = keep_desc(test, iokmem_desc_with_physical_address(start, pci_resource_len(owner, 0),
								  INOUT));
	part = keep_desc(test, iokmem_desc_with_physical_address(start + 100, 8, INOUT));
	KUNIT_EXPECT_EQ(test, -EXDEV, prepare_error(test, &peer->dev, whole));
	KUNIT_EXPECT_EQ(test, -EXDEV, prepare_error(test, &peer->dev, part));
	/* Nothing is left behind. */
	KUNIT_EXPECT_EQ(test, 0U, whole->held);
	KUNIT_EXPECT_EQ(test, 0U, part->held);
}

static void peer_is_checked_only_if_it_is_another_pci_device(struct kunit *test)
{
	struct pci_dev *owner = edu_after(test, NULL);
	struct iokmem_desc *desc;

	desc = keep_desc(test, iokmem_desc_with_physical_address(pci_resource_start(owner, 0),
								 PAGE_SIZE, INOUT));
	/* Its driver may have told that it reaches less. */
	KUNIT_EXPECT_NE(test, -EXDEV, prepare_error(test, &owner->dev, desc));
	KUNIT_EXPECT_EQ(test, 0, prepare_error(test, device(test), desc));
}

/* It would go with the driver, and until then keep any driver from the device. */
static void memory_of_a_device_without_driver_is_refused(struct kunit *test)
{
	struct pci_dev *pdev = edu_after(test, NULL);
	struct iokmem_desc *desc;

	if (pdev->dev.driver)
		pdev = edu_after(test, pdev);
	if (pdev->dev.driver)
		kunit_skip(test, "all devices have a driver");
	desc = iokmem_device_memory_with_range(&pdev->dev, pci_resource_start(pdev, 0), PAGE_SIZE,
					       INOUT);
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(desc));
	desc = iokmem_buffer_coherent(&pdev->dev, INOUT, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(desc));
	KUNIT_EXPECT_TRUE(test, list_empty(&pdev->dev.devres_head));
}

static void peer_is_not_taken_for_reserved_memory(struct kunit *test)
{
	struct pci_dev *peer = edu_after(test, NULL);
	struct iokmem_desc *desc;

	need_reserved(test);
	desc = keep_desc(test, iokmem_desc_with_physical_address(RESERVED_START, PAGE_SIZE,
								 INOUT));
	KUNIT_EXPECT_NE(test, -EXDEV, prepare_error(test, &peer->dev, desc));
}

static struct kunit_case dma_peer_cases[] = {
	KUNIT_CASE(peer_is_refused_unless_the_kernel_vouches_for_it),
	KUNIT_CASE(peer_is_checked_only_if_it_is_another_pci_device),
	KUNIT_CASE(peer_is_not_taken_for_reserved_memory),
	KUNIT_CASE(memory_of_a_device_without_driver_is_refused),
	{}
};

static struct kunit_suite dma_peer_suite = {
	.name = "iokmem_dma_peer",
	.test_cases = dma_peer_cases,
};

kunit_test_suite(dma_peer_suite);
