// SPDX-License-Identifier: GPL-2.0
/*
 * Suites of DMA commands, dma-bufs and fences. They are compiled as one, since the kernel's
 * headers take most of the time of compiling each.
 */
#include "dma_test.c"
#include "dma_table_test.c"
#include "dma_bounce_test.c"
#include "dma_copy_test.c"
#include "dma_reach_test.c"
#include "dma_peer_test.c"
#include "dmabuf_export_test.c"
#include "dmabuf_import_test.c"
#include "dmabuf_opaque_test.c"
#include "fence_test.c"
