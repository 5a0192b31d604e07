// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switch inside the 82599: what a pool sends reaches those other pools of
 * the same port that may have it (datasheet, 7.10.3). A pool is a VF, or the
 * PF's own. Its uplink ends here: a frame for outside is gone.
 *
 * Registers that ixgbe leaves alone on an 82599 (hashed unicast, mirroring,
 * loopback within a pool) have no meaning here either.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include "mock.h"
#include "registers.h"

#define ADDRESSES 128
#define VLANS 64

static u64 pair(u32 offset)
{
	return mock.reg[offset / 4] | (u64)mock.reg[offset / 4 + 1] << 32;
}

static bool virtual(void)
{
	return mock.reg[VT_CTL / 4] & VT_CTL_ENABLED;
}

/* Queues of a pool lie together; how many there are, MRQC says (8.2.3.7.12). */
static unsigned int queues_of_pool(void)
{
	if (!virtual())
		return MOCK_PF_QUEUES;
	return (mock.reg[MRQC / 4] & MRQC_MODE) == MRQC_32_POOLS ? 4 : 2;
}

unsigned int mock_pool_of(unsigned int queue)
{
	return queue < MOCK_PF_QUEUES ? queue / queues_of_pool() : (queue - MOCK_PF_QUEUES) / MOCK_VF_QUEUES;
}

static u64 address_pools(const u8 *address)
{
	u64 pools = 0;
	unsigned int i;

	for (i = 0; i < ADDRESSES; i++) {
		u32 at = i < 16 ? RAL0 : RAL16;
		u64 entry = pair(at + 8 * i);
		u8 bytes[ETH_ALEN] = {entry, entry >> 8, entry >> 16, entry >> 24, entry >> 32, entry >> 40};

		if ((entry >> 63) && ether_addr_equal_unaligned(bytes, address))
			pools |= pair(MPSAR + 8 * i);
	}
	return pools;
}

static u64 vlan_pools(u16 id)
{
	unsigned int i;

	for (i = 0; i < VLANS; i++) {
		u32 entry = mock.reg[VLVF / 4 + i];

		if ((entry & VLVF_VALID) && (entry & VLAN_VID_MASK) == id)
			return pair(VLVFB + 8 * i);
	}
	return 0;
}

/* Pools whose PFVML2FLT has the bit. */
static u64 pools_with(u32 bit)
{
	u64 pools = 0;
	unsigned int i;

	for (i = 0; i < MOCK_VFS; i++)
		if (mock.reg[VMOLR / 4 + i] & bit)
			pools |= BIT_ULL(i);
	return pools;
}

/* Hashed as ixgbe_mta_vector does it with filter type 0, which it uses. */
static bool in_multicast_table(const u8 *address)
{
	u32 hash = (address[4] >> 4 | address[5] << 4) & 0xfff;

	return (mock.reg[MCSTCTRL / 4] & MCSTCTRL_ENABLED) && (mock.reg[MTA / 4 + hash / 32] & BIT(hash % 32));
}

static u64 destinations(const struct mock_frame *frame)
{
	u64 pools;

	if (is_broadcast_ether_addr(frame->data))
		pools = pools_with(VMOLR_BROADCAST);
	else if (is_multicast_ether_addr(frame->data))
		pools = pools_with(VMOLR_ALL_MULTICAST) |
			(in_multicast_table(frame->data) ? pools_with(VMOLR_MULTICAST) : 0);
	else
		pools = address_pools(frame->data);

	if (!frame->tagged)
		return pools & pools_with(VMOLR_UNTAGGED);
	if (mock.reg[VLNCTRL / 4] & VLNCTRL_FILTER)
		pools &= vlan_pools(frame->vlan & VLAN_VID_MASK);
	return pools;
}

/* The port VLAN of a VF: whatever it sends goes there. */
static void tag(unsigned int pool, struct mock_frame *frame)
{
	u32 insert = mock.reg[VMVIR / 4 + pool];

	if (insert & VMVIR_NEVER) {
		frame->tagged = false;
	} else if (insert & VMVIR_ALWAYS) {
		frame->tagged = true;
		frame->vlan = insert;
	}
}

static bool is_spoofed(unsigned int pool, const struct mock_frame *frame)
{
	u32 checks = mock.reg[PFVFSPOOF / 4 + pool / 8] >> pool % 8;

	if ((checks & SPOOF_MAC) && !(address_pools(frame->data + ETH_ALEN) & BIT_ULL(pool)))
		return true;
	return (checks & SPOOF_VLAN) && frame->tagged && !(vlan_pools(frame->vlan & VLAN_VID_MASK) & BIT_ULL(pool));
}

static void deliver(unsigned int pool, const struct mock_frame *frame)
{
	if (pool < mock_vf_count()) {
		mock_receive(&mock.vf[pool].reg[VFRDBAL / 4], MOCK_PF_QUEUES + pool * MOCK_VF_QUEUES, frame);
	} else if (mock.reg[RXCTRL / 4] & RXCTRL_ENABLED) {
		unsigned int queue = pool * queues_of_pool();

		mock_receive(mock_pf_receive_ring(queue), queue, frame);
	}
}

void mock_switch(unsigned int pool, struct mock_frame *frame)
{
	u64 pools;

	if (!virtual() || !(pair(VFTE) & BIT_ULL(pool)))
		return;
	tag(pool, frame);
	if (is_spoofed(pool, frame)) {
		mock.reg[SSVPC / 4]++;
		return;
	}
	if (!(mock.reg[PFDTXGSWC / 4] & PFDTXGSWC_LOOPBACK))
		return;
	pools = destinations(frame) & pair(VFRE) & ~BIT_ULL(pool);
	for (pool = 0; pool < MOCK_VFS; pool++)
		if (pools & BIT_ULL(pool))
			deliver(pool, frame);
}
