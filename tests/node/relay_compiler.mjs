// Compiles the documents of relay/ against schema.graphql with relay-compiler:
//   node relay_compiler.mjs <schema.graphql>

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import compiler from 'relay-compiler';

const folder = mkdtempSync(join(tmpdir(), 'billgraph-relay-'));
try {
  cpSync('relay', join(folder, 'src'), { recursive: true });
  cpSync(process.argv[2], join(folder, 'schema.graphql'));
  const persisted = join(folder, 'documents.json');
  writeFileSync(persisted, '{}');
  const config = {
    src: 'src', schema: 'schema.graphql', language: 'typescript', eagerEsModules: true,
    persistConfig: { file: 'documents.json', algorithm: 'SHA256' },
  };
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
  try {
    execFileSync(compiler, ['relay.config.json'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    console.error(`${error.stdout}${error.stderr}`);
    process.exit(1);
  }
  const artifacts = readdirSync(join(folder, 'src', '__generated__'));
  const documents = Object.keys(JSON.parse(readFileSync(persisted, 'utf8')));
  if (artifacts.length !== 6 || documents.length !== 4) {
    console.error(`${artifacts.join(', ')}; ${documents.length} documents`);
    process.exit(1);
  }
  console.log(`ok: ${artifacts.length} artifacts`);
} finally {
  rmSync(folder, { recursive: true });
}
