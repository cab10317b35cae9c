import { describe, expect, test } from '@jest/globals'
import { addressBlock, clientFinder } from '../../../src/http/client-address.ts'

const find = clientFinder(['10.0.0.0/8', '192.0.2.7', '2001:db8:a::/48'])
const ipOf = (peer: string, forwardedFor: string): string =>
  find({ peer, forwardedFor, forwardedProto: '', encrypted: false }).ip

describe('the client address (TH-06)', () => {
  test.each([
    [
      'a peer nobody trusts is the client, whatever it claims',
      '203.0.113.9',
      '1.1.1.1, 10.0.0.1',
      '203.0.113.9',
    ],
    ['a trusted peer names the client', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    [
      'of many entries the right-most untrusted one counts',
      '10.0.0.1',
      '6.6.6.6, 203.0.113.9, 10.2.0.1',
      '203.0.113.9',
    ],
    ['entries left of the client are anybody’s writing', '10.0.0.1', '10.0.0.5, 203.0.113.9', '203.0.113.9'],
    ['an entry that is no address ends the walk', '10.0.0.1', '203.0.113.9, unknown, 10.2.0.1', '10.2.0.1'],
    ['garbage from a trusted proxy leaves the proxy as client', '10.0.0.1', 'a', '10.0.0.1'],
    ['an empty header leaves the proxy as client', '10.0.0.1', '', '10.0.0.1'],
    [
      'a request of a proxy itself has the farthest hop as client',
      '10.0.0.1',
      '10.0.0.3, 10.0.0.2',
      '10.0.0.3',
    ],
    ['IPv4 in IPv6 clothes is IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['IPv6 proxies are matched by network', '2001:db8:a::1', '2001:db8:b::2', '2001:db8:b::2'],
    ['a port behind the address is dropped', '192.0.2.7', '203.0.113.9:4711', '203.0.113.9'],
    ['brackets around IPv6 are dropped', '192.0.2.7', '[2001:db8:b::2]:4711', '2001:db8:b::2'],
    ['abbreviated and hexadecimal IPv4 is no address', '10.0.0.1', '0x7f.1', '10.0.0.1'],
    ['a single address is not a network', '192.0.2.8', '203.0.113.9', '192.0.2.8'],
  ])('%s', (_, peer, forwardedFor, expected) => {
    expect(ipOf(peer, forwardedFor)).toBe(expected)
  })

  test('nobody is trusted when no proxy is configured', () => {
    const path = { peer: '127.0.0.1', forwardedFor: '1.1.1.1', forwardedProto: 'https', encrypted: false }
    expect(clientFinder([])(path)).toEqual({ ip: '127.0.0.1', protocol: 'http', viaProxy: false })
  })
})

describe('the protocol', () => {
  const protocolOf = (peer: string, forwardedProto: string, encrypted = false): string =>
    find({ peer, forwardedFor: '', forwardedProto, encrypted }).protocol

  test('is what a trusted proxy says', () => {
    expect(protocolOf('10.0.0.1', 'https')).toBe('https')
    expect(protocolOf('10.0.0.1', 'HTTPS')).toBe('https')
    expect(protocolOf('10.0.0.1', 'http', true)).toBe('http')
  })

  test('is the socket’s own when nobody trusted says anything clear', () => {
    expect(protocolOf('203.0.113.9', 'https')).toBe('http')
    expect(protocolOf('203.0.113.9', 'http', true)).toBe('https')
    expect(protocolOf('10.0.0.1', '')).toBe('http')
    expect(protocolOf('10.0.0.1', 'https, http')).toBe('http')
    expect(protocolOf('10.0.0.1', 'javascript')).toBe('http')
  })
})

describe('the block of addresses to count', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['not an address', 'not an address'],
  ])('of %s is %s', (ip, block) => {
    expect(addressBlock(ip)).toBe(block)
  })
})
