// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptor rings: frames out of transmit rings, and into receive rings.
 *
 * Bus addresses are physical ones: the mock's bus has no IOMMU, and drivers of
 * devices that address 64 bits get their memory as it is. Memory is touched
 * only while a ring is enabled and between its head and tail, where it is
 * ours; whatever resets a function disables its rings under the same lock.
 *
 * Advanced descriptors of one buffer and legacy transmit descriptors, as
 * ixgbe and ixgbevf use them (datasheet, 7.1.6 and 7.2.3). Of the offloads
 * there are VLAN tags and the checksums of TCP and UDP. A frame that is to be
 * cut into segments is dropped, so have TSO off.
 */
#include <linux/bitfield.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/io.h>
#include <net/checksum.h>
#include "mock.h"
#include "registers.h"

#define DESCRIPTOR 16

/* What a context descriptor said, for the data descriptors of its queue after it. */
static struct {
	u32 lengths;	/* VLAN tag, length of the MAC and IP headers */
	u32 types;
} context[MOCK_QUEUES];

/* One at a time: all is done under the lock. */
static struct mock_frame frame;

static u32 *descriptor(const u32 *ring, u32 index)
{
	u64 base = ring[RING_BASE_LOW] | (u64)ring[RING_BASE_HIGH] << 32;

	return phys_to_virt(base + index * DESCRIPTOR);
}

static u32 size_of(const u32 *ring)
{
	bool usable = (ring[RING_CONTROL] & RING_ENABLED) && (ring[RING_BASE_LOW] | ring[RING_BASE_HIGH]);

	return usable ? ring[RING_LENGTH] / DESCRIPTOR : 0;
}

static u64 buffer_of(const u32 *words)
{
	return words[0] | (u64)words[1] << 32;
}

/* The stack left the sum of the pseudo header where the checksum belongs. */
static bool add_checksum(unsigned int queue)
{
	u32 lengths = context[queue].lengths, type = FIELD_GET(CONTEXT_L4_TYPE, context[queue].types);
	unsigned int start = FIELD_GET(CONTEXT_MAC_LENGTH, lengths) + FIELD_GET(CONTEXT_IP_LENGTH, lengths);
	unsigned int at = start + (type == L4_TCP ? 16 : 6);
	__sum16 sum;

	if (type > L4_TCP || at + 2 > frame.length)
		return false;
	sum = csum_fold(csum_partial(frame.data + start, frame.length - start, 0));
	if (!sum)
		sum = CSUM_MANGLED_0;
	memcpy(frame.data + at, &sum, sizeof(sum));
	return true;
}

/* A tag that software wrote is a tag like any other. */
static void take_tag(void)
{
	if (frame.length < VLAN_ETH_HLEN || frame.data[12] != ETH_P_8021Q >> 8 || frame.data[13] != (ETH_P_8021Q & 0xff))
		return;
	frame.tagged = true;
	frame.vlan = frame.data[14] << 8 | frame.data[15];
	frame.length -= VLAN_HLEN;
	memmove(frame.data + 12, frame.data + 16, frame.length - 12);
}

/* With the last descriptor of a frame. */
static void send(unsigned int queue, u32 command, u32 options)
{
	bool advanced = command & TX_ADVANCED;

	if (frame.overlong || frame.length < ETH_HLEN)
		return;
	if (advanced && (command & TX_SEGMENT)) {
		pr_warn_once("mock82599: there is no TSO, frames are dropped\n");
		return;
	}
	if (advanced && (options & TX_L4_CHECKSUM) && !add_checksum(queue))
		return;
	take_tag();
	if (command & TX_VLAN) {
		frame.tagged = true;
		frame.vlan = (advanced ? context[queue].lengths : options) >> 16;
	}
	if (frame.length < ETH_ZLEN) {
		memset(frame.data + frame.length, 0, ETH_ZLEN - frame.length);
		frame.length = ETH_ZLEN;
	}
	mock_switch(mock_pool_of(queue), &frame);
}

static void add_buffer(const u32 *words)
{
	u32 length = words[2] & TX_LENGTH;

	if (frame.length + length > MOCK_FRAME) {
		frame.overlong = true;
		return;
	}
	memcpy(frame.data + frame.length, phys_to_virt(buffer_of(words)), length);
	frame.length += length;
}

void mock_transmit(u32 *ring, unsigned int queue)
{
	u32 count = size_of(ring);
	u32 head = ring[RING_HEAD];
	bool begun = false;
	u32 first = 0;

	if (!count)
		return;
	mock_frame_clear(&frame);
	for (; head != ring[RING_TAIL] && head < count; head = (head + 1) % count) {
		u32 *words = descriptor(ring, head);
		u32 command = words[2];

		if ((command & TX_ADVANCED) && (command & TX_TYPE) == TX_TYPE_CONTEXT) {
			context[queue].lengths = words[0];
			context[queue].types = command;
		} else {
			/* What is to be done with a frame is in its first descriptor. */
			if (!begun)
				first = words[3];
			begun = !(command & TX_END);
			add_buffer(words);
			if (!begun) {
				send(queue, command, first);
				mock_frame_clear(&frame);
			}
		}
		WRITE_ONCE(words[3], DESCRIPTOR_DONE);
	}
	ring[RING_HEAD] = head;
	mock_interrupt_queue(queue, true);
}

/* Length and status are one word to the driver: either tells it that the descriptor is done. */
static void fill(u32 *words, const struct mock_frame *from, unsigned int start, unsigned int length, u32 status)
{
	u32 rest = length | (status & RX_VLAN ? (u32)from->vlan << 16 : 0);

	memcpy(phys_to_virt(buffer_of(words)), from->data + start, length);
	words[0] = 0;
	words[1] = 0;
	smp_wmb(); /* The driver reads the rest when it sees that it is done. */
	WRITE_ONCE(*(u64 *)&words[2], status | (u64)rest << 32);
}

/* The tag goes into the descriptor when the queue wants that, else back into the frame. */
static u32 place_tag(const u32 *ring, struct mock_frame *copy)
{
	if (!copy->tagged)
		return 0;
	if (ring[RING_CONTROL] & RX_STRIP)
		return RX_VLAN;
	memmove(copy->data + 16, copy->data + 12, copy->length - 12);
	copy->data[12] = ETH_P_8021Q >> 8;
	copy->data[13] = ETH_P_8021Q & 0xff;
	copy->data[14] = copy->vlan >> 8;
	copy->data[15] = copy->vlan & 0xff;
	copy->length += VLAN_HLEN;
	return 0;
}

/* A frame for which there is no room is dropped, as ixgbe demands with VFs (DROP_EN). */
void mock_receive(u32 *ring, unsigned int queue, const struct mock_frame *from)
{
	static struct mock_frame copy;
	u32 count = size_of(ring), head = ring[RING_HEAD], tail = ring[RING_TAIL];
	u32 buffer = (ring[RING_SPLIT] & RX_BUFFER_KIB) << 10;
	unsigned int done = 0, wanted;
	u32 status;

	if (!count || !buffer || head >= count || tail >= count)
		return;
	memcpy(&copy, from, offsetof(struct mock_frame, data) + from->length);
	status = place_tag(ring, &copy) | DESCRIPTOR_DONE | RX_LOOPBACK;
	wanted = DIV_ROUND_UP(copy.length, buffer);
	if (wanted > (tail + count - head) % count)
		return;
	while (done < copy.length) {
		unsigned int length = min(copy.length - done, buffer);
		bool last = done + length == copy.length;

		fill(descriptor(ring, head), &copy, done, length, status | (last ? RX_END : 0));
		done += length;
		head = (head + 1) % count;
	}
	ring[RING_HEAD] = head;
	mock_interrupt_queue(queue, false);
}
