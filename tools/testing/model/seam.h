/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam: the parts of the kernel that kmod/map/sharing.c, index.c, request.c and their
 * headers need, so that they compile unchanged as parts of a program.
 *
 * Lists, trees and arithmetic come from the kernel's tools/include. Every other kernel header
 * that the module's sources include is this one: scripts/build-model creates a file of each
 * name that includes it. Types that are only used for members of structures are empty.
 */
#ifndef _IOKMEM_SEAM_H
#define _IOKMEM_SEAM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* From the kernel's tools/include. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/rbtree_augmented.h>
#include <linux/types.h>

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)		(((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(x)	((unsigned long)(x) & ~PAGE_MASK)

#define PMD_SIZE		(1UL << 21)
#define SZ_64K			0x00010000
#define IS_ENABLED(option)	0
#define LINUX_VERSION_CODE	0
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define MODULE_IMPORT_NS(ns)
#define __iomem

/* The program has one thread, so every lock counts as held. */
#define lockdep_assert_held(lock)	((void)(lock))
#define lockdep_assert(condition)	do { } while (0)

/* Of an address space only the end matters. */
struct mm_struct {
	unsigned long task_size;
};

/* Nobody is charged. */
struct user_struct {
	long locked_vm;
};

struct cred {
	struct user_struct *user;
};

#define WARN_ON_ONCE(condition)			((void)(condition))
#define atomic_long_sub_return(n, value)	(*(value) -= (n))
#define put_cred(cred)				((void)(cred))

/* Nothing is mapped for devices. */
enum dma_data_direction { DMA_BIDIRECTIONAL };

/* Types that are only used for members of structures. */
struct mutex { int unused; };
struct work_struct { int unused; };
struct llist_head { int unused; };
struct llist_node { int unused; };
typedef struct { int unused; } spinlock_t;
struct kref { int unused; };
typedef struct { int refs; } refcount_t;
typedef struct { int unused; } wait_queue_head_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef unsigned long pgoff_t;
typedef unsigned long vm_flags_t;
typedef unsigned int vm_fault_t;
typedef unsigned long long dma_addr_t;
typedef struct { unsigned int val; } kuid_t;

#define TASK_COMM_LEN	16

struct device;
struct file;
struct file_operations;
struct inode;
struct page;
struct pid;
struct task_struct;
struct vm_area_struct;
struct vm_fault;

#endif /* _IOKMEM_SEAM_H */
