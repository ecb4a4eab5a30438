/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_CONTIG_H
#define _IOKMEM_CONTIG_H

#include "page/request.h"

long iokmem_contig_range(const struct iokmem_pages_request *request, unsigned long nr);
int iokmem_contig_alloc(struct iokmem_pages *pages,
			const struct iokmem_pages_request *request);
void iokmem_contig_free_cma(struct iokmem_pages *pages);

int iokmem_contig_init(void);
void iokmem_contig_exit(void);

#endif /* _IOKMEM_CONTIG_H */
