// SPDX-License-Identifier: GPL-2.0
/*
 * Files of descriptors: behind file descriptors, and behind user mappings.
 *
 * Files are on a few inodes, which descriptors share. The kernel finds all mappings of a
 * file, in every address space, by its inode; but nobody looks for mappings of raw frames
 * in that way. There are several inodes only so that tasks which map and unmap do not all
 * wait for each other. Mappings that the kernel may have to find (unmap_mapping_range()),
 * without those of other descriptors, are of an inode of their own.
 *
 * The inodes live on the kernel's own file system for anonymous inodes: a file system of
 * this module's would have to outlive the last fput(), which may run after the module is
 * gone.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "desc/desc.h"
#include "page/compat.h"

#define IOKMEM_INODES	64

static struct vfsmount *iokmem_mnt;
static struct inode *iokmem_inodes[IOKMEM_INODES];

/*
 * Make an inode. It is immutable, so that nobody changes the owner, mode or times that files of
 * other descriptors have as well. Operations of this module's that refuse that would have to
 * outlive the module: a path keeps the inode, and not the module.
 */
static struct inode *make_inode(void)
{
	struct inode *inode = alloc_anon_inode(iokmem_mnt->mnt_sb);

	if (!IS_ERR(inode))
		inode->i_flags |= S_IMMUTABLE;
	return inode;
}

/*
 * The name tells the descriptor in /proc/PID/maps and /proc/PID/fd. Until its ->release()
 * has run, the file keeps this module (fops->owner). Its owner must keep the descriptor.
 */
static struct file *file_on(struct inode *inode, struct vfsmount *mnt, u64 id,
			    void *private, int flags,
			    const struct file_operations *fops)
{
	char name[sizeof("iokmem:18446744073709551615")];
	struct file *file;

	__module_get(fops->owner);
	ihold(inode);
	snprintf(name, sizeof(name), "iokmem:%llu", id);
	file = alloc_file_pseudo(inode, mnt, name, flags, fops);
	if (IS_ERR(file)) {
		iput(inode);
		module_put(fops->owner);
		return file;
	}
	file->private_data = private;
	return file;
}

/*
 * iokmem_desc_file - make a file for a file descriptor, or for mappings of raw frames
 */
struct file *iokmem_desc_file(const struct iokmem_desc *desc, void *private,
			      int flags, const struct file_operations *fops)
{
	return file_on(iokmem_inodes[desc->id % IOKMEM_INODES], iokmem_mnt, desc->id,
		       private, flags, fops);
}

/* Return the file whose inode VMAs of the memory must be of, if the kind has such a file. */
static struct file *file_of_kind(const struct iokmem_desc *desc)
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
	struct file *file = file_of_kind(desc);

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
	struct file *pages = file_of_kind(desc), *file;
	struct inode *inode;

	if (pages)
		return file_on(file_inode(pages), pages->f_path.mnt, desc->id, private,
			       flags, fops);
	inode = make_inode();
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	/* The kernel makes no huge entry where the file has ended. */
	i_size_write(inode, desc->capacity);
	file = file_on(inode, iokmem_mnt, desc->id, private, flags, fops);
	iput(inode);
	return file;
}

int __init iokmem_file_init(void)
{
	struct inode *inode;
	struct file *file;
	int i;

	/* Any file on the file system leads to its mount. */
	file = anon_inode_getfile("iokmem", &generic_ro_fops, NULL, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	iokmem_mnt = mntget(file->f_path.mnt);
	fput(file);

	for (i = 0; i < IOKMEM_INODES; i++) {
		inode = make_inode();
		if (IS_ERR(inode)) {
			iokmem_file_exit();
			return PTR_ERR(inode);
		}
		iokmem_inodes[i] = inode;
	}
	return 0;
}

void iokmem_file_exit(void)
{
	int i;

	for (i = 0; i < IOKMEM_INODES; i++)
		iput(iokmem_inodes[i]);
	mntput(iokmem_mnt);
}
