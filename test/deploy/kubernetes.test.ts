import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { ConfigError } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { IMAGE, OPS_PATHS, ROOT, readText, readYaml } from './files.ts';

const FOLDER = 'deploy/kubernetes/';
const SECRETS = '/run/secrets/gatehouse';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly automountServiceAccountToken: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly [Container];
        readonly volumes: readonly {
          readonly name: string;
          readonly configMap?: { readonly name: string };
          readonly secret?: { readonly secretName: string };
        }[];
      };
    };
  };
}

interface Secret {
  readonly metadata: { readonly name: string };
  readonly stringData: Readonly<Record<string, string>>;
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images: readonly { readonly name: string; readonly newTag: unknown }[];
}

async function readPod() {
  const { spec } = await readYaml<Deployment>(`${FOLDER}deployment.yaml`);
  return { deployment: spec, pod: spec.template.spec, container: spec.template.spec.containers[0] };
}

/** Loads the pods' configuration with these secrets, as files. */
async function load(secrets: Readonly<Record<string, string>>) {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder.path, name), text);
  const file = join(folder.path, 'gatehouse.yaml');
  await writeFile(file, (await readText(`${FOLDER}gatehouse.yaml`)).replaceAll(SECRETS, folder.path));
  return (await loadConfig({ env: { GATEHOUSE_DATA_DIR: '/data', GATEHOUSE_SERVER__HOST: '0.0.0.0' }, file, cwd: '/app' })).config;
}

describe('the manifests for Kubernetes', () => {
  it('are all in kustomization.yaml, but for the example of the secret', async () => {
    const { resources, configMapGenerator, images } = await readYaml<Kustomization>(`${FOLDER}kustomization.yaml`);
    const files = (await readdir(`${ROOT}${FOLDER}`)).filter((name) => name.endsWith('.yaml'));
    const generated = configMapGenerator.flatMap(({ files: sources }) => sources);
    assert.deepEqual([...resources, ...generated, 'kustomization.yaml', 'secret.example.yaml'].sort(), files.sort());
    // A version that YAML takes for a number is none for kustomize.
    assert.deepEqual(
      images.map(({ name, newTag }) => `${name}:${newTag}`),
      [IMAGE],
    );
    assert.equal(typeof images[0]?.newTag, 'string');
  });

  it('configure a server that starts, with secrets that are real', async () => {
    const { stringData } = await readYaml<Secret>(`${FOLDER}secret.example.yaml`);
    const config = await load({ ...stringData, 'master-key': 'q5Iu7vbPdVJGZl1DlAeAEzL5NxgkO9yMoW2vR0cTsaY=' });
    assert.ok(!config.local && config.storage.kind === 'mongo-redis');
    assert.equal(config.storage.redis.topology, 'sentinel');
    assert.match(config.storage.mongodb.uri, /tls=true/);
    const ingress = parse(await readText(`${FOLDER}ingress.yaml`)) as { spec: { rules: { host: string }[] } };
    assert.equal(`https://${ingress.spec.rules[0]?.host}`, config.issuer);
    assert.deepEqual([config.mailTransport, config.mail.smtp.security, config.metricsApart], ['smtp', 'starttls', true]);
    const { container } = await readPod();
    const metrics = (container.ports as readonly { name: string; containerPort: number }[]).find(({ name }) => name === 'metrics');
    assert.equal(metrics?.containerPort, config.metrics.port);
  });

  it('are refused with the secrets of the example', async () => {
    const { stringData } = await readYaml<Secret>(`${FOLDER}secret.example.yaml`);
    await assert.rejects(load(stringData), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['secrets.master_key'],
      );
      return true;
    });
  });

  it('mount what the configuration reads', async () => {
    const { pod, container } = await readPod();
    const { metadata, stringData } = await readYaml<Secret>(`${FOLDER}secret.example.yaml`);
    const { configMapGenerator } = await readYaml<Kustomization>(`${FOLDER}kustomization.yaml`);
    const mounted = (path: string) =>
      pod.volumes.find(({ name }) => name === container.volumeMounts.find((each) => each.mountPath === path)?.name);
    assert.equal(mounted(SECRETS)?.secret?.secretName, metadata.name);
    assert.equal(mounted('/etc/gatehouse')?.configMap?.name, configMapGenerator[0]?.name);
    assert.deepEqual(container.env, [{ name: 'GATEHOUSE_CONFIG', value: `/etc/gatehouse/${configMapGenerator[0]?.files[0]}` }]);
    const read = (await readText(`${FOLDER}gatehouse.yaml`)).matchAll(/\/run\/secrets\/gatehouse\/([\w.-]+)/g);
    assert.deepEqual([...new Set([...read].map(([, name]) => name))].sort(), Object.keys(stringData).sort());
  });

  it('ask where there are routes', async () => {
    const { container } = await readPod();
    const port = container.ports[0];
    assert.deepEqual(port, { name: 'http', containerPort: 3000 });
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      assert.ok(OPS_PATHS.includes(httpGet.path), httpGet.path);
      assert.equal(httpGet.port, 'http');
    }
    assert.equal(container.readinessProbe.httpGet.path, '/readyz');
    // A restart would not bring a store back.
    assert.equal(container.livenessProbe.httpGet.path, '/healthz');
    const service = await readYaml<{ spec: { ports: { targetPort: string }[] } }>(`${FOLDER}service.yaml`);
    assert.equal(service.spec.ports[0]?.targetPort, 'http');
  });

  it('roll without an interruption', async () => {
    const { deployment, pod, container } = await readPod();
    assert.ok(deployment.replicas >= 2);
    assert.equal(deployment.strategy.rollingUpdate.maxUnavailable, 0);
    const { server } = (await loadConfig({ env: {}, cwd: '/app' })).config;
    assert.ok(pod.terminationGracePeriodSeconds > container.lifecycle.preStop.sleep.seconds + server.drain_seconds);
  });

  it('select the pods', async () => {
    const { deployment } = await readPod();
    const { labels } = deployment.template.metadata;
    assert.deepEqual(deployment.selector.matchLabels, labels);
    for (const file of ['service', 'pod-disruption-budget', 'network-policy']) {
      const text = stringify(await readYaml(`${FOLDER}${file}.yaml`));
      for (const [name, value] of Object.entries(labels)) assert.ok(text.includes(`${name}: ${value}`), file);
    }
  });

  it('keep to the restricted profile that the namespace enforces, with a root file system that is read-only', async () => {
    const { pod, container } = await readPod();
    assert.equal(container.image, IMAGE);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(container.resources.limits.memory);
    assert.match(await readText(`${FOLDER}namespace.yaml`), /enforce: restricted/);
  });
});
