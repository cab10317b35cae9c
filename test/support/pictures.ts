/** Pictures as bytes, made here: small, whole, and as large as they say. */
import { crc32, deflateSync } from 'node:zlib'

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const u16 = (value: number) => Buffer.from([value & 255, value >> 8])
const u16be = (value: number) => Buffer.from([value >> 8, value & 255])
export const latin1 = (value: string) => Buffer.from(value, 'latin1')

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([latin1(type), data])
  return Buffer.concat([u32(data.length), named, u32(crc32(named))])
}

/** Rows of one colour, each behind its filter type; none for a size that is only claimed. */
function scanlines(width: number, height: number, colour: readonly number[]): Buffer {
  if (width * height > 1_000_000) return Buffer.alloc(16)
  const row = Buffer.concat([Buffer.from([0]), ...Array.from({ length: width }, () => Buffer.from(colour))])
  return Buffer.concat(Array.from({ length: height }, () => row))
}

export function png(
  width: number,
  height: number,
  { animated = false, colour = [42, 127, 112] } = {},
): Buffer {
  const header = Buffer.concat([u32(width), u32(height), Buffer.from([8, 2, 0, 0, 0])])
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('tEXt', latin1('Comment\0harmless')),
    ...(animated ? [chunk('acTL', Buffer.concat([u32(2), u32(0)]))] : []),
    chunk('IDAT', deflateSync(scanlines(width, height, colour))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

export function gif(width: number, height: number, pictures = 1, inner = { width, height }): Buffer {
  const picture = Buffer.concat([
    latin1('!\xf9\x04\0\0\0\0\0'),
    Buffer.concat([latin1(','), u16(0), u16(0), u16(inner.width), u16(inner.height), Buffer.from([0])]),
    Buffer.from([2, 2, 0x44, 0x01, 0]),
  ])
  const palette = Buffer.alloc(6)
  return Buffer.concat([
    Buffer.concat([latin1('GIF89a'), u16(width), u16(height), Buffer.from([0x80, 0, 0]), palette]),
    ...Array.from({ length: pictures }, () => picture),
    latin1(';'),
  ])
}

export function jpeg(width: number, height: number, frame = 0xc0): Buffer {
  const app = Buffer.concat([Buffer.from([0xff, 0xe0]), u16be(16), latin1('JFIF\0'), Buffer.alloc(9)])
  const table = Buffer.concat([Buffer.from([0xff, 0xc4]), u16be(4), Buffer.alloc(2)])
  const sof = Buffer.concat([
    Buffer.from([0xff, frame]),
    u16be(11),
    Buffer.from([8]),
    u16be(height),
    u16be(width),
    Buffer.alloc(4),
  ])
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    app,
    table,
    sof,
    Buffer.from([0xff, 0xda, 0, 2, 0xff, 0xd9]),
  ])
}

function webp(kind: 'VP8 ' | 'VP8L' | 'VP8X', payload: Buffer): Buffer {
  const body = Buffer.concat([latin1('WEBP'), latin1(kind), Buffer.from([payload.length, 0, 0, 0]), payload])
  return Buffer.concat([latin1('RIFF'), Buffer.from([body.length, 0, 0, 0]), body])
}
export const lossy = (width: number, height: number) =>
  webp(
    'VP8 ',
    Buffer.concat([Buffer.from([0, 0, 0, 0x9d, 0x01, 0x2a]), u16(width), u16(height), Buffer.alloc(8)]),
  )
export const lossless = (width: number, height: number) => {
  const packed = Buffer.alloc(4)
  packed.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0)
  return webp('VP8L', Buffer.concat([Buffer.from([0x2f]), packed, Buffer.alloc(8)]))
}
export const extended = (width: number, height: number, flags = 0) => {
  const size = Buffer.alloc(6)
  size.writeUIntLE(width - 1, 0, 3)
  size.writeUIntLE(height - 1, 3, 3)
  return webp('VP8X', Buffer.concat([Buffer.from([flags, 0, 0, 0]), size]))
}
