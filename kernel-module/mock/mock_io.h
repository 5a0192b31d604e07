/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included ahead of every source of ixgbe and ixgbevf when they are built for
 * the mock (-include): their access to registers goes to it.
 */
#ifndef MOCK_IO_H
#define MOCK_IO_H
#ifndef __ASSEMBLY__

#include <linux/io.h>

u32 mock_readl(const volatile void __iomem *address);
void mock_writel(u32 value, volatile void __iomem *address);
void __iomem *mock_ioremap(resource_size_t start, unsigned long length);
void mock_iounmap(volatile void __iomem *address);

#ifndef MOCK_ITSELF
#undef readl
#undef writel
#undef ioremap
#undef iounmap
#define readl(address) mock_readl(address)
#define writel(value, address) mock_writel(value, address)
#define ioremap(start, length) mock_ioremap(start, length)
#define iounmap(address) mock_iounmap(address)
#endif

#endif
#endif
