import { describe, expect, test } from '@jest/globals'
import { routeFinder } from '../../../src/http/route-table.ts'

const find = routeFinder([
  '/token',
  '/interaction/:uid',
  '/interaction/:uid/login',
  '/auth/new',
  '/auth/:uid',
])

describe('the route of a path', () => {
  test.each([
    ['/token', '/token'],
    ['/interaction/abc', '/interaction/:uid'],
    ['/interaction/abc/login', '/interaction/:uid/login'],
    ['/auth/new', '/auth/new'],
    ['/auth/x.y', '/auth/:uid'],
  ])('%s is %s', (path, route) => {
    expect(find(path)).toBe(route)
  })

  test.each([
    '/',
    '',
    '/token/',
    '/Token',
    '/interaction/',
    '/interaction/a/b',
    '/interaction/a/login/',
    '/tokenx',
    '//token',
  ])('%j has none', (path) => {
    expect(find(path)).toBeUndefined()
  })
})
