// Compares schema.graphql with that of the last release by GraphQL Inspector: whatever breaks clients has to be named in
// the changelog's part for the next release.
//   node schema_diff.mjs <repository>

import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = process.argv[2];
const git = (...arguments_) =>
  execFileSync('git', ['-C', repository, ...arguments_], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' });
const read = (name) => readFileSync(join(repository, name), 'utf8');

// The changes that break clients and that the changelog does not name, by the path of what changed, in backticks.
async function untold(before, after, changelog) {
  const next = changelog.split(/^## /m).find((part) => part.startsWith('[Unreleased]')) ?? '';
  const changes = await diff(buildSchema(before), buildSchema(after));
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  return breaking.filter(({ path }) => !next.includes(`\`${path}\``)).map(({ message }) => message);
}

function release() {
  try {
    return git('describe', '--tags', '--abbrev=0', '--match=v[0-9]*').trim();
  } catch {
    return undefined;
  }
}

const [schema, changelog] = [read('schema.graphql'), read('CHANGELOG.md')];

// A check that finds nothing has to be one that would.
const without = schema.replace(/^(\s*)mrr:/m, '$1recurring:').replace(/^(input RefundFilter \{\n)/m, '$1must: Int!\n');
const told = '## [Unreleased]\n- `BillingSummary.mrr` and `RefundFilter.must`.\n## [0.0.1]\n';
const found = await untold(schema, without, '## [Unreleased]\n\n## [0.0.1]\n- `BillingSummary.mrr`\n');
const excused = await untold(schema, without, told);
if (found.length !== 2 || excused.length !== 0) {
  console.error(`of two breaks ${found.length} are found, and ${excused.length} where both are told:`, found, excused);
  process.exit(1);
}

const last = release();
const wrong = last ? await untold(git('show', `${last}:schema.graphql`), schema, changelog) : [];
if (wrong.length > 0) {
  console.error(`since ${last}, and not in the changelog:\n${wrong.join('\n')}`);
  process.exit(1);
}
console.log(last ? `ok: compared with ${last}` : 'ok: nothing was released yet');
