// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for QEMU's edu device, written to be copied. It shows all that a driver does with
 * memory descriptors, from a device with registers and DMA to programs that map a buffer of
 * it.
 *
 * The device moves bytes between memory, of which it reaches 256 MiB, and its own 4 KiB. It
 * interrupts when it is done. iokmem_edu.h describes what programs can ask for.
 *
 * Device and programs come and go independently. The driver may be unbound while files are
 * open, so ioctls check @gone, and hold the lock as long as they use the device. The memory of
 * a file does not need the device, and stays until the file is closed.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iokmem.h>
#include <linux/jhash.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "iokmem_edu.h"

/* Registers, and bits in them. */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_ACKNOWLEDGE	0x64
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98

#define EDU_IRQ_DMA		BIT(8)
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_DMA_INTERRUPT	BIT(2)

/* Address of the device's own memory in its DMA registers. */
#define EDU_MEMORY		0x40000

/* A transfer takes a tenth of a second. */
#define EDU_PATIENCE		(10 * HZ)

/*
 * The device can move 4096 bytes, but QEMU takes that for a mistake and gives up. It would
 * also take them in one piece. Most devices have a limit, so this driver sets one.
 */
static const struct iokmem_dma_specification edu_specification = {
	.address_bits		= 28,
	.max_segment_size	= SZ_2K,
	.max_transfer_size	= IOKMEM_EDU_ROOM,
};

/**
 * struct edu - a device
 * @count: references of the driver, while it is bound, and of every open file
 * @pdev: valid while not @gone
 * @misc: /dev/iokmem-edu
 * @registers: the kernel's map of them
 * @io: its address
 * @dma: the device's only command
 * @done: the device has completed the transfer
 * @lock: protects @gone and every use of the device
 * @gone: the device must not be used any more
 */
struct edu {
	struct kref count;
	struct pci_dev *pdev;
	struct miscdevice misc;
	struct iokmem_map *registers;
	void __iomem *io;
	struct iokmem_dma *dma;
	struct completion done;
	struct mutex lock;	/* see above */
	bool gone;
};

/**
 * struct edu_client - an open file
 * @edu: the device; a reference
 * @buffer: memory that the program and the device share
 * @lock: protects @map; taken before the lock of @edu
 * @map: map of IOKMEM_EDU_MAP, or NULL
 */
struct edu_client {
	struct edu *edu;
	struct iokmem_desc *buffer;
	struct mutex lock;	/* see above */
	struct iokmem_map *map;
};

/* The device node has one name, so there can be only one device. */
static unsigned long edu_taken;

static void edu_free(struct kref *count)
{
	struct edu *edu = container_of(count, struct edu, count);

	mutex_destroy(&edu->lock);
	kfree(edu);
}

/* The device. */

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->io + EDU_IRQ_STATUS);

	/* A device that was unplugged reads as ones. */
	if (status == U32_MAX || !(status & EDU_IRQ_DMA))
		return IRQ_NONE;
	writel(status, edu->io + EDU_IRQ_ACKNOWLEDGE);
	complete(&edu->done);
	return IRQ_HANDLED;
}

/* Have the device move one run of bytes to or from @at in its own memory. */
static int edu_move(struct edu *edu, const struct iokmem_dma_segment32 *segment,
		    u32 at, bool to_memory)
{
	u32 inside = EDU_MEMORY + at;
	u32 command = EDU_DMA_START | EDU_DMA_INTERRUPT;

	if (to_memory)
		command |= EDU_DMA_TO_MEMORY;
	reinit_completion(&edu->done);
	writel(to_memory ? inside : segment->address, edu->io + EDU_DMA_SOURCE);
	writel(to_memory ? segment->address : inside, edu->io + EDU_DMA_DESTINATION);
	writel(segment->length, edu->io + EDU_DMA_COUNT);
	writel(command, edu->io + EDU_DMA_COMMAND);
	if (wait_for_completion_timeout(&edu->done, EDU_PATIENCE))
		return 0;

	/* Stop the device, or it may write when the memory belongs to somebody else. */
	pci_clear_master(edu->pdev);
	dev_err(&edu->pdev->dev, "no answer\n");
	WRITE_ONCE(edu->gone, true);
	return -EIO;
}

/* Move bytes of the command's memory, at most IOKMEM_EDU_ROOM. */
static int edu_transfer(struct edu *edu, size_t offset, size_t length, bool to_memory)
{
	struct iokmem_dma_segment32 segment;
	size_t next = 0;
	int err;

	err = iokmem_dma_prepare(edu->dma, offset, length);
	if (err)
		return err;
	while (!err && next < length) {
		unsigned int nr = 1;
		u32 at = next;

		err = iokmem_dma_gen_segments32(edu->dma, &next, &segment, &nr);
		if (!err)
			err = edu_move(edu, &segment, at, to_memory);
	}
	iokmem_dma_complete(edu->dma);
	return err;
}

/* Reserve the device for the client until edu_end(). */
static int edu_begin(struct edu_client *client)
{
	struct edu *edu = client->edu;
	int err;

	/* Waits are short, except for the transfer of another client. */
	if (signal_pending(current) || mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	err = -ENODEV;
	if (!edu->gone)
		err = iokmem_dma_set_memory_descriptor(edu->dma, client->buffer, false);
	if (err)
		mutex_unlock(&edu->lock);
	return err;
}

static void edu_end(struct edu_client *client)
{
	iokmem_dma_clear_memory_descriptor(client->edu->dma, true);
	mutex_unlock(&client->edu->lock);
}

/* Ioctls of programs. */

static int edu_answer(void __user *uptr, const void *arg, size_t size)
{
	return copy_to_user(uptr, arg, size) ? -EFAULT : 0;
}

static int edu_check_range(u64 offset, u64 length)
{
	u64 end;

	if (!length)
		return -EINVAL;
	if (check_add_overflow(offset, length, &end) || end > IOKMEM_EDU_BUFFER_SIZE)
		return -ERANGE;
	return 0;
}

static int edu_get_buffer(struct edu_client *client, struct iokmem_edu_get_buffer *arg,
			  void __user *uptr)
{
	struct file *file;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	file = iokmem_desc_get_file(client->buffer, arg->flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = get_unused_fd_flags(O_CLOEXEC);
	if (err < 0)
		goto err_file;
	arg->fd = err;
	err = edu_answer(uptr, arg, sizeof(*arg));
	if (err)
		goto err_fd;
	fd_install(arg->fd, file);
	return 0;

err_fd:
	put_unused_fd(arg->fd);
err_file:
	fput(file);
	return err;
}

static int edu_map(struct edu_client *client, struct iokmem_edu_map *arg,
		   void __user *uptr)
{
	struct iokmem_map *map;
	int err = -EBUSY;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	if (mutex_lock_interruptible(&client->lock))
		return -ERESTARTSYS;
	/* A map that has ended, by munmap() or with its process, has no address. */
	if (client->map && iokmem_map_get_address(client->map))
		goto out_unlock;

	/* The map is Unique, since it will be redirected. */
	map = iokmem_desc_create_mapping_in_task(client->buffer, current, 0,
						 IOKMEM_MAP_ANYWHERE |
						 IOKMEM_MAP_UNIQUE, 0, 0);
	err = PTR_ERR_OR_ZERO(map);
	if (err)
		goto out_unlock;
	arg->address = iokmem_map_get_address(map);
	arg->length = iokmem_map_get_length(map);
	err = edu_answer(uptr, arg, sizeof(*arg));
	if (!err)
		swap(client->map, map);
	if (map)
		iokmem_map_put(map);
out_unlock:
	mutex_unlock(&client->lock);
	return err;
}

/* Copy at most IOKMEM_EDU_ROOM bytes. */
static int edu_copy_chunk(struct edu_client *client, size_t from, size_t to,
			  size_t length)
{
	int err;

	err = edu_begin(client);
	if (err)
		return err;
	err = edu_transfer(client->edu, from, length, false);
	if (!err)
		err = edu_transfer(client->edu, to, length, true);
	edu_end(client);
	return err;
}

static int edu_copy(struct edu_client *client, struct iokmem_edu_copy *arg,
		    void __user *uptr)
{
	size_t done = 0, chunk;
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	err = edu_check_range(arg->from, arg->length);
	if (!err)
		err = edu_check_range(arg->to, arg->length);
	if (!err && arg->from < arg->to + arg->length && arg->to < arg->from + arg->length)
		err = -EINVAL;
	while (!err && done < arg->length) {
		chunk = min_t(size_t, arg->length - done, IOKMEM_EDU_ROOM);
		err = edu_copy_chunk(client, arg->from + done, arg->to + done, chunk);
		if (!err)
			done += chunk;
	}
	/* Report what has been copied, so that the program does not copy it again. */
	if (err && !(err == -ERESTARTSYS && done))
		return err;
	arg->length = done;
	return edu_answer(uptr, arg, sizeof(*arg));
}

static int edu_hash(void *address, size_t length, void *hash)
{
	*(u32 *)hash = jhash(address, length, 0);
	return 0;
}

/* Load the device, and check its content by reading it back. */
static int edu_load(struct edu_client *client, size_t offset, size_t length)
{
	u32 before, after;
	int err;

	err = edu_begin(client);
	if (err)
		return err;
	err = iokmem_desc_with_mapping(client->buffer, IOKMEM_MAP_READ_ONLY, offset,
				       length, edu_hash, &before);
	if (!err)
		err = edu_transfer(client->edu, offset, length, false);
	if (!err)
		err = edu_transfer(client->edu, offset, length, true);
	if (!err)
		err = iokmem_desc_with_mapping(client->buffer, IOKMEM_MAP_READ_ONLY,
					       offset, length, edu_hash, &after);
	if (!err && before != after)
		err = -EILSEQ;
	edu_end(client);
	return err;
}

static int edu_program(struct edu_client *client, const struct iokmem_edu_program *arg)
{
	int err;

	if (arg->__reserved)
		return -EOPNOTSUPP;
	err = edu_check_range(arg->offset, arg->length);
	if (!err && arg->length > IOKMEM_EDU_ROOM)
		err = -ERANGE;
	if (err)
		return err;

	if (mutex_lock_interruptible(&client->lock))
		return -ERESTARTSYS;
	/* Block the map: an access to it waits, so nobody sees or changes the memory. */
	if (client->map)
		err = iokmem_map_redirect(client->map, NULL, 0, 0);
	if (!err || err == -ENOENT)
		err = edu_load(client, arg->offset, arg->length);
	/*
	 * If the map cannot come back because this task is being killed, end it, so that
	 * nobody waits for it.
	 */
	if (client->map && iokmem_map_redirect(client->map, client->buffer, 0, 0))
		iokmem_map_unmap(client->map);
	mutex_unlock(&client->lock);
	return err;
}

union edu_arg {
	u32 size;
	struct iokmem_edu_get_buffer get_buffer;
	struct iokmem_edu_map map;
	struct iokmem_edu_copy copy;
	struct iokmem_edu_program program;
};

static size_t edu_arg_size(unsigned int cmd)
{
	switch (cmd) {
	case IOKMEM_EDU_GET_BUFFER:
		return sizeof(struct iokmem_edu_get_buffer);
	case IOKMEM_EDU_MAP:
		return sizeof(struct iokmem_edu_map);
	case IOKMEM_EDU_COPY:
		return sizeof(struct iokmem_edu_copy);
	case IOKMEM_EDU_PROGRAM:
		return sizeof(struct iokmem_edu_program);
	}
	return 0;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct edu_client *client = file->private_data;
	void __user *uptr = (void __user *)user;
	size_t known = edu_arg_size(cmd);
	union edu_arg arg;
	u32 size;
	int err;

	if (!known)
		return -ENOTTY;
	if (READ_ONCE(client->edu->gone))
		return -ENODEV;
	if (get_user(size, (u32 __user *)uptr))
		return -EFAULT;
	if (size < known)
		return -EINVAL;
	err = copy_struct_from_user(&arg, known, uptr, size);
	if (err)
		return err;

	switch (cmd) {
	case IOKMEM_EDU_GET_BUFFER:
		return edu_get_buffer(client, &arg.get_buffer, uptr);
	case IOKMEM_EDU_MAP:
		return edu_map(client, &arg.map, uptr);
	case IOKMEM_EDU_COPY:
		return edu_copy(client, &arg.copy, uptr);
	default:
		return edu_program(client, &arg.program);
	}
}

static struct iokmem_desc *edu_buffer_below(u64 mask)
{
	return iokmem_buffer_in_task_with_physical_mask(NULL, IOKMEM_DIRECTION_INOUT,
							IOKMEM_EDU_BUFFER_SIZE, mask);
}

/* A machine may have no memory that the device reaches. With an IOMMU it reaches any. */
static struct iokmem_desc *edu_buffer(struct device *dev)
{
	struct iokmem_desc *buffer = edu_buffer_below(DMA_BIT_MASK(28));

	if (buffer == ERR_PTR(-ENOMEM) && device_iommu_mapped(dev))
		buffer = edu_buffer_below(0);
	return buffer;
}

static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);
	struct edu_client *client;
	int err;

	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	client->buffer = edu_buffer(&edu->pdev->dev);
	if (IS_ERR(client->buffer)) {
		err = PTR_ERR(client->buffer);
		kfree(client);
		return err;
	}
	mutex_init(&client->lock);
	kref_get(&edu->count);
	client->edu = edu;
	file->private_data = client;
	return 0;
}

static int edu_release(struct inode *inode, struct file *file)
{
	struct edu_client *client = file->private_data;

	if (client->map)
		iokmem_map_put(client->map);
	iokmem_desc_put(client->buffer);
	kref_put(&client->edu->count, edu_free);
	mutex_destroy(&client->lock);
	kfree(client);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner		= THIS_MODULE,
	.open		= edu_open,
	.release	= edu_release,
	.unlocked_ioctl	= edu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* Binding and unbinding. */

static int edu_map_registers(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	struct iokmem_desc *desc;

	desc = iokmem_device_memory_with_range(&pdev->dev, pci_resource_start(pdev, 0),
					       pci_resource_len(pdev, 0),
					       IOKMEM_DIRECTION_INOUT);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	edu->registers = iokmem_desc_map(desc, 0);
	/* The map keeps the buffer. */
	iokmem_desc_put(desc);
	if (IS_ERR(edu->registers))
		return PTR_ERR(edu->registers);
	edu->io = (void __iomem *)iokmem_map_get_address(edu->registers);
	return 0;
}

static int edu_request_interrupt(struct edu *edu)
{
	int err;

	err = pci_alloc_irq_vectors(edu->pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	err = request_irq(pci_irq_vector(edu->pdev, 0), edu_interrupt, 0, "iokmem-edu",
			  edu);
	if (err)
		pci_free_irq_vectors(edu->pdev);
	return err;
}

static void edu_free_interrupt(struct edu *edu)
{
	free_irq(pci_irq_vector(edu->pdev, 0), edu);
	pci_free_irq_vectors(edu->pdev);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int err = -ENOMEM;

	if (test_and_set_bit(0, &edu_taken))
		return -EBUSY;
	edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	if (!edu)
		goto err_taken;
	kref_init(&edu->count);
	mutex_init(&edu->lock);
	init_completion(&edu->done);
	edu->pdev = pdev;
	pci_set_drvdata(pdev, edu);

	err = pci_enable_device(pdev);
	if (err)
		goto err_put;
	err = pci_request_regions(pdev, "iokmem-edu");
	if (err)
		goto err_disable;
	err = edu_map_registers(edu);
	if (err)
		goto err_regions;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (err) {
		dev_err(&pdev->dev, "no memory below 256 MiB and no IOMMU: DMA is not possible\n");
		goto err_registers;
	}
	edu->dma = iokmem_dma_with_specification(&pdev->dev, &edu_specification);
	err = PTR_ERR_OR_ZERO(edu->dma);
	if (err)
		goto err_registers;
	err = edu_request_interrupt(edu);
	if (err)
		goto err_dma;
	pci_set_master(pdev);

	/* Programs can open the device from now on. */
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = "iokmem-edu";
	edu->misc.fops = &edu_fops;
	edu->misc.parent = &pdev->dev;
	edu->misc.mode = 0660;
	err = misc_register(&edu->misc);
	if (err)
		goto err_interrupt;
	return 0;

err_interrupt:
	pci_clear_master(pdev);
	edu_free_interrupt(edu);
err_dma:
	iokmem_dma_put(edu->dma);
err_registers:
	iokmem_map_put(edu->registers);
err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
err_put:
	kref_put(&edu->count, edu_free);
err_taken:
	clear_bit(0, &edu_taken);
	return err;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	/* No program can open the device any more. Wait for those that use it. */
	misc_deregister(&edu->misc);
	mutex_lock(&edu->lock);
	WRITE_ONCE(edu->gone, true);
	mutex_unlock(&edu->lock);

	pci_clear_master(pdev);
	edu_free_interrupt(edu);
	iokmem_dma_put(edu->dma);
	iokmem_map_put(edu->registers);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kref_put(&edu->count, edu_free);
	clear_bit(0, &edu_taken);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name		= "iokmem-edu",
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
};

module_pci_driver(edu_driver);
IOKMEM_IMPORT_NS();
MODULE_DESCRIPTION("Driver of QEMU's edu device, by memory descriptors");
MODULE_LICENSE("GPL");
