import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/documents.ts"],
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: "sha256" } },
      config: {
        documentMode: "string",
        useTypeImports: true,
        importExtension: ".js",
        strictScalars: true,
        scalars: { BigInt: "number", DateTime: "string", JSON: "unknown", Metadata: "Record<string, string>" },
      },
    },
  },
};

export default config;
