/** Why bytes cannot be a logo. */
export type ImageRefusal = 'not_an_image' | 'svg' | 'too_many_pixels' | 'animated'

export type Image =
  { ok: true; type: string; width: number; height: number } | { ok: false; reason: ImageRefusal }

/** Nothing that is shown 64 pixels wide needs more; and what a few bytes can unfold to in memory stays bounded. */
const MOST_PIXELS_A_SIDE = 1024

type Size = { width: number; height: number; animated: boolean }

/**
 * What an image really is, by its own first bytes and never by what its server calls it: PNG, JPEG, GIF or WebP, of 1 to 1024 pixels a
 * side, without animation (WCAG 2.2.2: nothing here moves that people cannot stop). SVG is refused: it is a document that can run.
 */
export function inspectImage(bytes: Buffer): Image {
  for (const [type, read] of formats) {
    const size = read(bytes)
    if (size === null) continue
    const { width, height, animated } = size
    if (animated) return { ok: false, reason: 'animated' }
    if (Math.min(width, height) < 1) return { ok: false, reason: 'not_an_image' }
    if (Math.max(width, height) > MOST_PIXELS_A_SIDE) return { ok: false, reason: 'too_many_pixels' }
    return { ok: true, type, width, height }
  }
  return { ok: false, reason: looksLikeSvg(bytes) ? 'svg' : 'not_an_image' }
}

const formats: [string, (bytes: Buffer) => Size | null][] = [
  ['image/png', readPng],
  ['image/jpeg', readJpeg],
  ['image/gif', readGif],
  ['image/webp', readWebp],
]

/** Signature, then IHDR; an acTL chunk before the picture makes it an APNG. */
function readPng(bytes: Buffer): Size | null {
  const begins = Buffer.from([
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
  ])
  if (bytes.length < 33 || !bytes.subarray(0, 16).equals(begins)) return null
  let animated = false
  for (let at = 33; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const chunk = bytes.toString('latin1', at + 4, at + 8)
    if (chunk === 'IDAT') break
    if (chunk === 'acTL') animated = true
  }
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), animated }
}

/** Segments up to the frame header (SOF0 to SOF15, without the three that are none). */
function readJpeg(bytes: Buffer): Size | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8 || bytes[2] !== 0xff) return null
  let at = 2
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame)
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7), animated: false }
    const length = bytes.readUInt16BE(at + 2)
    // The picture begins without a frame header.
    if (marker === 0xda || marker === 0xd9 || length < 2) return null
    at += 2 + length
  }
  return null
}

/** The screen, then blocks: a second picture is an animation. */
function readGif(bytes: Buffer): Size | null {
  if (bytes.length < 14 || !/^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) return null
  const size = { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
  let at = 13 + tableSize(bytes[10] ?? 0)
  let pictures = 0
  while (at < bytes.length && pictures < 2) {
    const block = bytes[at]
    if (block === 0x2c) {
      if (at + 10 > bytes.length) break
      pictures += 1
      size.width = Math.max(size.width, bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5))
      size.height = Math.max(size.height, bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7))
      at = afterBlocks(bytes, at + 11 + tableSize(bytes[at + 9] ?? 0))
    } else if (block === 0x21) at = afterBlocks(bytes, at + 2)
    else break
  }
  return pictures === 0 ? null : { ...size, animated: pictures > 1 }
}

function tableSize(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}

function afterBlocks(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0)
  return at + 1
}

/** RIFF with a VP8, VP8L or VP8X chunk first (RFC 9649). */
function readWebp(bytes: Buffer): Size | null {
  if (bytes.length < 30 || bytes.toString('latin1', 0, 4) !== 'RIFF') return null
  const kind = bytes.toString('latin1', 8, 16)
  if (kind === 'WEBPVP8X')
    return {
      width: bytes.readUIntLE(24, 3) + 1,
      height: bytes.readUIntLE(27, 3) + 1,
      animated: ((bytes[20] ?? 0) & 2) !== 0,
    }
  if (kind === 'WEBPVP8 ' && bytes.readUIntBE(23, 3) === 0x9d012a)
    return {
      width: bytes.readUInt16LE(26) & 0x3fff,
      height: bytes.readUInt16LE(28) & 0x3fff,
      animated: false,
    }
  if (kind === 'WEBPVP8L' && bytes[20] === 0x2f) {
    const packed = bytes.readUInt32LE(21)
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1, animated: false }
  }
  return null
}

function looksLikeSvg(bytes: Buffer): boolean {
  return /<svg[\s>]|<!doctype svg/i.test(bytes.toString('latin1', 0, 4096))
}
