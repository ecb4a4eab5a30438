// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that counts how often the guest executes each instruction between the
 * marks of ../mark.h. For each such window it writes
 *
 *	window NUMBER
 *	ADDRESS COUNT
 *	...
 *
 * to the file that out= names. NUMBER is k0, k1 ... in the kernel and u0, u1 ... in programs.
 * An address is one instruction, whichever program it belongs to.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mark.h"
#include "qemu.h"

EXPORT int qemu_plugin_version = 1;

/* Every instruction that was ever translated. The address is 0 in a free slot. */
struct counter {
	uint64_t address;
	uint64_t count;
};

/* A power of two. QEMU keeps pointers into the table. */
#define NR_COUNTERS	0x400000u

static struct counter counters[NR_COUNTERS];
/* The slots in use, so that not all have to be searched. */
static struct counter *used[NR_COUNTERS / 2];
static unsigned int nr_used;

static FILE *out;

static struct counter *find_counter(uint64_t address)
{
	unsigned int at = address * 0x9e3779b97f4a7c15 >> 42;

	while (counters[at].address && counters[at].address != address)
		at = (at + 1) % NR_COUNTERS;
	if (!counters[at].address) {
		if (nr_used == NR_COUNTERS / 2) {
			fprintf(stderr, "profile: more code than there are counters\n");
			exit(1);
		}
		counters[at].address = address;
		used[nr_used++] = &counters[at];
	}
	return &counters[at];
}

static void begin(unsigned int processor, void *data)
{
	unsigned int i;

	for (i = 0; i < nr_used; i++)
		used[i]->count = 0;
}

static void end(unsigned int processor, void *data)
{
	static unsigned int nr_windows[2];
	const struct counter *mark = data;
	bool kernel = mark->address >> 63;
	unsigned int i;

	fprintf(out, "window %c%u\n", kernel ? 'k' : 'u', nr_windows[kernel]++);
	for (i = 0; i < nr_used; i++)
		if (used[i]->count && used[i] != mark)
			fprintf(out, "%lx %lu\n", used[i]->address, used[i]->count);
	fflush(out);
}

static bool is_mark(const struct qemu_plugin_insn *insn, uint32_t number)
{
	const char *data = qemu_plugin_insn_data(insn);
	size_t head = strlen(MARK_OPCODE);

	return qemu_plugin_insn_size(insn) == head + sizeof(number) &&
	       !memcmp(data, MARK_OPCODE, head) &&
	       !memcmp(data + head, &number, sizeof(number));
}

static void count_insn(struct qemu_plugin_insn *insn)
{
	struct counter *counter = find_counter(qemu_plugin_insn_vaddr(insn));

	qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
						   &counter->count, 1);
	if (is_mark(insn, MARK_BEGIN))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (is_mark(insn, MARK_END))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, end,
						       QEMU_PLUGIN_CB_NO_REGS, counter);
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(block); i++)
		count_insn(qemu_plugin_tb_get_insn(block, i));
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
			       char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
