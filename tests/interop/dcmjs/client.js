'use strict';
// A client on dcmjs-dimse that does what it is told and prints all that it hears.
//
//   node client.js CONFIG     {"host", "port", "calling", "called", "listen", "steps": […]}
//
// Prints "== NAME" before what each step says, and "= done" after a step that went well.

const { AsyncLocalStorage } = require('async_hooks');
const fs = require('fs');
const path = require('path');
const dimse = require('dcmjs-dimse');
const { part10 } = require('./part10');
const { conversations } = require('./conversations');
const { Client, Dataset } = dimse;
const { Status } = dimse.constants;
const { CEchoRequest, CFindRequest, CGetRequest, CMoveRequest, CStoreRequest } = dimse.requests;
const { CStoreResponse } = dimse.responses;

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const STEP_WITHIN = 3000;
const context = new AsyncLocalStorage();
let current; // the step that may speak: one that was given up says nothing more

function say(...words) {
  if (context.getStore() === current) {
    console.log(...words);
  }
}

// Everything a message says, in the order of its names.
function told(message) {
  const inOrder = (elements) => JSON.stringify(elements, (key, value) => {
    if (!value || typeof value !== 'object' || Array.isArray(value)) {
      return value;
    }
    return Object.fromEntries(Object.keys(value).sort().filter((name) => !name.startsWith('_'))
      .map((name) => [name, value[name]]));
  });
  const parts = [inOrder(message.getCommandDataset().getElements())];
  if (message.getDataset()) {
    parts.push(inOrder(message.getDataset().getElements()));
  }
  return parts.join(' ');
}

// Sends requests on one association; resolves when it is closed to whether all had an answer.
function converse(requests, listeners = {}, options = {}) {
  return new Promise((resolve) => {
    const client = new Client();
    let answered = 0;
    client.on('associationAccepted', (association) => {
      for (const { id } of association.getPresentationContexts()) {
        const one = association.getPresentationContext(id);
        say('context', id, one.getAbstractSyntaxUid(), one.getResultDescription(),
          one.getAcceptedTransferSyntaxUid(), one.getUserRole(), one.getProviderRole());
      }
    });
    client.on('associationRejected', (reject) => say('rejected', JSON.stringify(reject)));
    client.on('associationReleased', () => {
      say('released');
      resolve(answered === requests.length); // who closes, and when, is not for the caller
    });
    client.on('networkError', (fault) => say('network error:', fault.message));
    client.on('closed', () => resolve(answered === requests.length));
    for (const [event, listener] of Object.entries(listeners)) {
      client.on(event, listener);
    }
    for (const request of requests) {
      request.on('response', (response) => {
        say(told(response));
        if (response.getStatus() !== Status.Pending) {
          answered += [0, 0xfe00, 0xa801].includes(response.getStatus()) ? 1 : 0;
        }
        if (options.onResponse) {
          options.onResponse(client, request);
        }
      });
      client.addRequest(request);
    }
    client.send(config.host, config.port, config.calling, config.called,
      { associationLingerTimeout: options.linger || 0 });
  });
}

function query(kind, step, ...more) {
  const request = new kind(...more);
  request.setDataset(new Dataset({ QueryRetrieveLevel: step.level, ...step.keys }));
  return request;
}

const verbs = {
  echo: () => converse([new CEchoRequest()]),

  store: (step) => converse(step.files.map((file) => new CStoreRequest(file))),

  find: (step) => {
    let heard = 0;
    return converse([query(CFindRequest, step)], {}, {
      onResponse: (client, request) => {
        heard += 1;
        if (heard === step.cancel) {
          client.cancel(request);
        }
      },
    });
  },

  move: (step) => {
    const request = query(CMoveRequest, step);
    request.getCommandDataset().setElement('MoveDestination', step.destination);
    return converse([request]);
  },

  get: (step) => converse([query(CGetRequest, step)], {
    cStoreRequest: (request, callback) => {
      const dataset = request.getDataset();
      const bytes = dataset.getDenaturalizedDataset();
      const uid = request.getAffectedSopInstanceUid();
      fs.writeFileSync(path.join(step.into, `${uid}.dcm`), part10(
        request.getAffectedSopClassUid(), uid, dataset.getTransferSyntaxUid(), bytes));
      const response = CStoreResponse.fromRequest(request);
      response.setStatus(Status.Success);
      callback(response);
    },
  }),

  ...conversations(config, converse, told, say),
};

// The library waits without end for an association that nobody closes.
function tooLong() {
  let timer;
  const passed = new Promise((resolve) => {
    timer = setTimeout(() => {
      say(`no end within ${STEP_WITHIN / 1000} s`);
      resolve(false);
    }, STEP_WITHIN);
  });
  return { passed, stop: () => clearTimeout(timer) };
}

async function perform(step) {
  say(`== ${step.name}`);
  const limit = tooLong();
  try {
    if (await Promise.race([verbs[step.do](step), limit.passed])) {
      say('= done');
    }
  } catch (fault) {
    say('cannot:', fault.message);
  }
  limit.stop();
}

async function main() {
  dimse.log.setLevel('silent');
  for (const step of config.steps) {
    current = step;
    await context.run(step, () => perform(step));
  }
}

main().then(() => process.exit(0));
