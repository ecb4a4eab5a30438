/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sequences of steps, which the model and another side take together. The other side is the
 * module's own logic in a program, or the module in the kernel. Both must agree after each
 * step.
 */
#ifndef _IOKMEM_SEQUENCE_H
#define _IOKMEM_SEQUENCE_H

#include "model.h"
#include "step.h"

struct sequence;

/**
 * struct answer - what the other side has to say about a step
 * @err: 0 or a negative error
 * @waits: it would wait for the map @handle, which is under construction
 * @address: of the map
 * @length: of the map
 * @handle: the other side's name for the map, or NULL
 */
struct answer {
	int err;
	bool waits;
	__u64 address;
	__u64 length;
	const void *handle;
};

/**
 * struct other - the other side
 * @world: what is possible there
 * @create: IOKMEM_CREATE_MAPPING; or, if the request is slow and it takes a new mapping,
 *	the first half of that
 * @build: the second half, for the map @handle, unless it @fails
 * @mmap: mmap() of the file
 * @release: IOKMEM_RELEASE_MAPPING
 * @unmap: IOKMEM_UNMAP
 * @query: IOKMEM_QUERY_MAPPING
 * @munmap: munmap()
 * @set_length: IOKMEM_SET_LENGTH
 * @exit: the address space's process ends, and there is a new one
 * @check: compare all there is with the model, and tell what is wrong with
 *	sequence_wrong()
 *
 * The other side lacks operations that are NULL, and @world says so.
 */
struct other {
	struct step_world world;
	void (*create)(struct sequence *sequence, const struct model_request *request,
		       struct answer *answer);
	void (*build)(struct sequence *sequence, const void *handle, bool fails,
		      struct answer *answer);
	void (*mmap)(struct sequence *sequence, const struct model_request *request,
		     struct answer *answer);
	int (*release)(struct sequence *sequence, const struct step *step);
	int (*unmap)(struct sequence *sequence, const struct step *step);
	int (*query)(struct sequence *sequence, const struct step *step,
		     struct iokmem_query_mapping *query);
	int (*munmap)(struct sequence *sequence, const struct step *step);
	int (*set_length)(struct sequence *sequence, const struct step *step);
	void (*exit)(struct sequence *sequence, int space);
	void (*check)(struct sequence *sequence);
};

/**
 * struct sequence - a sequence that runs
 * @model: what should be
 * @other: what is
 * @private: the other side's own
 * @log: where each step is told, or NULL
 * @steps: how many were taken
 * @step: the last one
 * @failed: it was not as it should be
 * @why: what was wrong
 * @seen: how many requests had which outcome
 */
struct sequence {
	struct model model;
	const struct other *other;
	void *private;
	FILE *log;
	unsigned long steps;
	struct step step;
	bool failed;
	char why[256];
	unsigned long seen[MODEL_NEW + 1];
};

void sequence_init(struct sequence *sequence, const struct other *other,
		   void *private);
bool sequence_step(struct sequence *sequence, const __u8 bytes[STEP_BYTES]);
void sequence_print(FILE *to, const struct sequence *sequence);

/* Report a difference, as by printf(). Only the first one counts. */
#define sequence_wrong(_sequence, ...)					\
	do {								\
		if (!(_sequence)->failed)				\
			snprintf((_sequence)->why,			\
				 sizeof((_sequence)->why), __VA_ARGS__); \
		(_sequence)->failed = true;				\
	} while (0)

#endif /* _IOKMEM_SEQUENCE_H */
