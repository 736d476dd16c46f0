// Are our answers those of the peer? Both have to run, on the same data: the values of each answer are compared in the
// order in which they stand there, since names differ. Moments differ by how their zone is written, and what has 64 bits is a
// number here and text there.
//   node compare.mjs http://127.0.0.1:4300/graphql TOKEN http://127.0.0.1:4202/graphql PEERS_QUERIES.json
import { readFileSync } from 'node:fs'

const [ours, token, peer, peerQueries] = process.argv.slice(2)
const read = (file) => JSON.parse(readFileSync(file, 'utf8'))
const ask = async (url, queries, name, n, headers) => {
  const { query, variables } = queries[name]
  const filled = JSON.stringify(variables).replaceAll('{n}', n).replaceAll('{n14}', String(n).padStart(14, '0'))
  const body = JSON.stringify({ query, variables: JSON.parse(filled) })
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body })
  return (await answer.json()).data
}
const moment = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/
const values = (value) =>
  Array.isArray(value) ? ['[', ...value.flatMap(values), ']']
  : value && typeof value === 'object' ? Object.values(value).flatMap(values)
  : [moment.test(value) ? Date.parse(value) : typeof value === 'number' ? String(value) : value]

let wrong = 0
const ourQueries = read(new URL('ours.json', import.meta.url))
for (const name of ['q1', 'q2', 'q3']) {
  for (const n of [1, 2, 7, 1000, 12345, 19999, 20000, 20001]) {
    const one = values(await ask(ours, ourQueries, name, n, { Authorization: `Bearer ${token}` }))
    const other = values(await ask(peer, read(peerQueries), name, n, {}))
    if (JSON.stringify(one) !== JSON.stringify(other)) {
      wrong++
      console.error(name, n, 'differ\n ', JSON.stringify(one).slice(0, 2000), '\n ', JSON.stringify(other).slice(0, 2000))
    }
  }
}
console.log(wrong ? `${wrong} answers differ` : 'all answers are the same')
process.exitCode = wrong ? 1 : 0
