// Makes a screenshot small: at most 256 colours, the commonest as they are and every other one the nearest of these.
import { Buffer } from 'node:buffer'
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const COLOURS = 256

/** Takes a PNG as browsers write it (8 bits a channel, RGB or RGBA, not interlaced) and gives one with a palette, without alpha. */
export function shrinkPng(png) {
  const { width, height, channels, data } = decode(png)
  const counts = new Map()
  for (let at = 0; at < data.length; at += channels) {
    const colour = data.readUIntBE(at, 3)
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([colour]) => colour)
  const indexOf = new Map(palette.map((colour, index) => [colour, index]))
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const colour = data.readUIntBE((y * width + x) * channels, 3)
      if (!indexOf.has(colour)) indexOf.set(colour, nearest(palette, colour))
      rows[y * (width + 1) + 1 + x] = indexOf.get(colour)
    }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channelsOf))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function decode(png) {
  const chunks = []
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at))
    chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at))])
  const header = chunks.find(([type]) => type === 'IHDR')[1]
  const [width, height, depth, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]
  if (depth !== 8 || (kind !== 2 && kind !== 6)) throw new Error('not a PNG of the expected kind')
  const channels = kind === 6 ? 4 : 3
  const filtered = inflateSync(
    Buffer.concat(chunks.filter(([type]) => type === 'IDAT').map(([, body]) => body)),
  )
  return { width, height, channels, data: unfilter(filtered, { length: width * channels, height, channels }) }
}

/** Undoes the filters of PNG (specification, section 9): each row tells by which neighbours its bytes were written. */
function unfilter(filtered, { length, height, channels }) {
  const data = Buffer.alloc(length * height)
  for (let y = 0; y < height; y += 1) {
    const filter = filtered[y * (length + 1)]
    for (let x = 0; x < length; x += 1) {
      const at = y * length + x
      const left = x >= channels ? data[at - channels] : 0
      const above = y > 0 ? data[at - length] : 0
      const corner = x >= channels && y > 0 ? data[at - length - channels] : 0
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter]
      data[at] = filtered[y * (length + 1) + 1 + x] + guess
    }
  }
  return data
}

function paeth(left, above, corner) {
  const sum = left + above - corner
  const byDistance = [left, above, corner].map((value) => Math.abs(sum - value))
  return [left, above, corner][byDistance.indexOf(Math.min(...byDistance))]
}

function nearest(palette, colour) {
  const wanted = channelsOf(colour)
  const distances = palette.map((other) =>
    channelsOf(other).reduce((sum, value, index) => sum + (value - wanted[index]) ** 2, 0),
  )
  return distances.indexOf(Math.min(...distances))
}

function channelsOf(colour) {
  return [colour >> 16, (colour >> 8) & 255, colour & 255]
}

function chunk(type, body) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}
