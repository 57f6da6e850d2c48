/* The reader driver that stock pcscd loads: up to 16 readers of one slot, each a unix socket.
 *
 *   reader.conf   FRIENDLYNAME "IPS customer"
 *                 DEVICENAME   /dev/null:/short/path/customer      with a keypad: /dev/null:keypad:/...
 *                 LIBPATH      .../libifdips.so
 *
 * pcscd looks whether the part of DEVICENAME before the colon exists, so /dev/null stands there. No
 * network, no other user: a socket is readable by the daemon's user alone. pcscd calls a reader's
 * functions one at a time, but wait_for_change beside the others.
 * Source: MUSCLE PC/SC IFD Driver Developer Kit 3.0 (ifdhandler.h); PC/SC part 10 for the keypad.
 */
#include <PCSC/ifdhandler.h>
#include <PCSC/reader.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "slot.h"

#define EXPORTED __attribute__((visibility("default")))

enum {
	READERS_MAX = 16,
	EXCHANGE_TIMEOUT_MS = 10000,
	PIN_TIMEOUT_DEFAULT_S = 30,
	PIN_TIMEOUT_SPARE_MS = 2000, /* the keypad ends by itself; this is for one that is dead */
	PIN_HEAD_BYTES = 19,
	VERIFY_PIN_DIRECT_CODE = 0x42000000 + 2050,
	FEATURE_BYTES = 6,
};

static struct slot slots[READERS_MAX];

static struct slot *find(DWORD lun)
{
	DWORD reader = lun >> 16;
	if (reader >= READERS_MAX || (lun & 0xFFFF) != 0 || !slots[reader].open)
		return NULL;
	return &slots[reader];
}

EXPORTED RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	static const char keypad[] = "keypad:";
	DWORD reader = Lun >> 16;
	const char *path = DeviceName == NULL ? NULL : strchr(DeviceName, ':');
	if (path == NULL || reader >= READERS_MAX || (Lun & 0xFFFF) != 0 || slots[reader].open)
		return IFD_COMMUNICATION_ERROR;
	path++;
	int has_keypad = strncmp(path, keypad, sizeof keypad - 1) == 0;
	if (has_keypad)
		path += sizeof keypad - 1;
	if (!slot_open(&slots[reader], path)) {
		fprintf(stderr, "ips reader: %s: cannot listen there; is it under 108 bytes and free?\n", path);
		return IFD_COMMUNICATION_ERROR;
	}
	slots[reader].keypad = has_keypad != 0;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	(void)Lun;
	(void)Channel;
	return IFD_COMMUNICATION_ERROR; /* Only DEVICENAME can name a socket. */
}

EXPORTED RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
	struct slot *slot = find(Lun);
	if (slot == NULL)
		return IFD_COMMUNICATION_ERROR;
	slot_close(slot);
	return IFD_SUCCESS;
}

static RESPONSECODE wait_for_change(DWORD Lun, int timeout_ms)
{
	struct slot *slot = find(Lun);
	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	slot_wait(slot, timeout_ms);
	return IFD_SUCCESS;
}

static RESPONSECODE give(PDWORD Length, PUCHAR Value, const void *bytes, size_t size)
{
	if (*Length < size)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(Value, bytes, size);
	*Length = (DWORD)size;
	return IFD_SUCCESS;
}

static RESPONSECODE give_byte(PDWORD Length, PUCHAR Value, UCHAR byte)
{
	return give(Length, Value, &byte, 1);
}

EXPORTED RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	if (Length == NULL || Value == NULL)
		return IFD_COMMUNICATION_ERROR;
	struct slot *slot = find(Lun);
	RESPONSECODE (*waiter)(DWORD, int) = wait_for_change;
	switch (Tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		if (slot == NULL)
			return IFD_COMMUNICATION_ERROR;
		return give(Length, Value, slot->atr, slot->atr_size);
	case TAG_IFD_SLOTS_NUMBER:
		return give_byte(Length, Value, 1);
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return give_byte(Length, Value, READERS_MAX);
	case TAG_IFD_THREAD_SAFE:
		return give_byte(Length, Value, 1);
	case TAG_IFD_SLOT_THREAD_SAFE:
		return give_byte(Length, Value, 0);
	case TAG_IFD_POLLING_THREAD_KILLABLE:
		return give_byte(Length, Value, 0);
	case TAG_IFD_STOP_POLLING_THREAD:
		return give_byte(Length, Value, 1);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return give(Length, Value, &waiter, sizeof waiter);
	case SCARD_ATTR_VENDOR_NAME:
		return give(Length, Value, "Intermarket", sizeof "Intermarket" - 1);
	default:
		return IFD_ERROR_TAG;
	}
}

EXPORTED RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
	(void)Length;
	(void)Value;
	struct slot *slot = find(Lun);
	if (slot == NULL)
		return IFD_COMMUNICATION_ERROR;
	if (Tag != TAG_IFD_STOP_POLLING_THREAD)
		return IFD_ERROR_TAG;
	slot_stop_waiting(slot);
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1,
						UCHAR PTS2, UCHAR PTS3)
{
	(void)Flags;
	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	if (find(Lun) == NULL)
		return IFD_COMMUNICATION_ERROR;
	/* The wire carries whole APDUs, so both protocols are as good. */
	if (Protocol != SCARD_PROTOCOL_T0 && Protocol != SCARD_PROTOCOL_T1)
		return IFD_PROTOCOL_NOT_SUPPORTED;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	struct slot *slot = find(Lun);
	if (slot == NULL || AtrLength == NULL || Atr == NULL)
		return IFD_COMMUNICATION_ERROR;
	DWORD room = *AtrLength;
	*AtrLength = 0;
	switch (Action) {
	case IFD_POWER_DOWN:
		slot_power_off(slot);
		return IFD_SUCCESS;
	case IFD_POWER_UP:
	case IFD_RESET:
		if (slot_power_on(slot, Action == IFD_RESET) != SLOT_OK)
			return IFD_ERROR_POWER_ACTION;
		*AtrLength = room;
		return give(AtrLength, Atr, slot->atr, slot->atr_size);
	default:
		return IFD_NOT_SUPPORTED;
	}
}

static RESPONSECODE code_of(enum slot_result result)
{
	switch (result) {
	case SLOT_OK:
		return IFD_SUCCESS;
	case SLOT_EMPTY:
		return IFD_ICC_NOT_PRESENT;
	case SLOT_MUTE:
	case SLOT_LATE:
		return IFD_RESPONSE_TIMEOUT;
	case SLOT_TOO_LONG:
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	}
	return IFD_COMMUNICATION_ERROR;
}

EXPORTED RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer,
					DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength,
					PSCARD_IO_HEADER RecvPci)
{
	if (RxLength == NULL || RxBuffer == NULL || TxBuffer == NULL)
		return IFD_COMMUNICATION_ERROR;
	size_t room = *RxLength;
	*RxLength = 0;
	struct slot *slot = find(Lun);
	if (slot == NULL || TxLength < 4 || TxLength > PAYLOAD_BYTES_MAX)
		return IFD_COMMUNICATION_ERROR;
	if (RecvPci != NULL) {
		RecvPci->Protocol = SendPci.Protocol;
		RecvPci->Length = sizeof *RecvPci;
	}
	enum slot_result result =
		slot_exchange(slot, TxBuffer, TxLength, RxBuffer, &room, EXCHANGE_TIMEOUT_MS);
	*RxLength = (DWORD)room;
	return code_of(result);
}

static RESPONSECODE tell_features(struct slot *slot, PUCHAR RxBuffer, DWORD RxLength, LPDWORD returned)
{
	*returned = 0;
	if (!slot->keypad)
		return IFD_SUCCESS;
	if (RxLength < FEATURE_BYTES)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	uint32_t code = htonl(VERIFY_PIN_DIRECT_CODE);
	RxBuffer[0] = FEATURE_VERIFY_PIN_DIRECT;
	RxBuffer[1] = sizeof code;
	memcpy(RxBuffer + 2, &code, sizeof code);
	*returned = FEATURE_BYTES;
	return IFD_SUCCESS;
}

static RESPONSECODE verify_pin(struct slot *slot, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
			       DWORD RxLength, LPDWORD returned)
{
	*returned = 0;
	if (!slot->keypad || TxLength < PIN_HEAD_BYTES || TxLength > PAYLOAD_BYTES_MAX)
		return IFD_NOT_SUPPORTED;
	int seconds = TxBuffer[0] == 0 ? PIN_TIMEOUT_DEFAULT_S : TxBuffer[0];
	size_t room = RxLength;
	enum slot_result result = slot_enter_pin(slot, TxBuffer, TxLength, RxBuffer, &room,
						 seconds * 1000 + PIN_TIMEOUT_SPARE_MS);
	*returned = (DWORD)room;
	return code_of(result);
}

EXPORTED RESPONSECODE IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength,
				  PUCHAR RxBuffer, DWORD RxLength, LPDWORD pdwBytesReturned)
{
	struct slot *slot = find(Lun);
	if (slot == NULL || RxBuffer == NULL || pdwBytesReturned == NULL)
		return IFD_COMMUNICATION_ERROR;
	if (dwControlCode == CM_IOCTL_GET_FEATURE_REQUEST)
		return tell_features(slot, RxBuffer, RxLength, pdwBytesReturned);
	if (dwControlCode == VERIFY_PIN_DIRECT_CODE && TxBuffer != NULL)
		return verify_pin(slot, TxBuffer, TxLength, RxBuffer, RxLength, pdwBytesReturned);
	*pdwBytesReturned = 0;
	return IFD_ERROR_NOT_SUPPORTED;
}

EXPORTED RESPONSECODE IFDHICCPresence(DWORD Lun)
{
	struct slot *slot = find(Lun);
	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	return slot_has_card(slot) ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}
