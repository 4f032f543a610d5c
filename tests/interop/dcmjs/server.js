'use strict';
// An application on dcmjs-dimse: verification, storage, queries, moves, C-GET and the N-services.
//
//   node server.js CONFIG     {"aet", "port", "directory", "peers": {title: port}}
//
// Prints "listening" when it listens. Keeps what it stores as DIRECTORY/UID.dcm, bit by bit.

const fs = require('fs');
const path = require('path');
const { Writable } = require('stream');
const dimse = require('dcmjs-dimse');
const { part10 } = require('./part10');
const { objects } = require('./objects');
const { Client, Dataset, Scp, Server } = dimse;
const { PresentationContextResult, SopClass, Status } = dimse.constants;
const { CStoreRequest } = dimse.requests;
const { CEchoResponse, CFindResponse, CGetResponse, CMoveResponse, CStoreResponse } =
  dimse.responses;

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const OFFERED = new Set([
  SopClass.Verification,
  SopClass.StudyRootQueryRetrieveInformationModelFind,
  SopClass.StudyRootQueryRetrieveInformationModelMove,
  SopClass.StudyRootQueryRetrieveInformationModelGet,
  SopClass.ModalityPerformedProcedureStep,
  SopClass.StorageCommitmentPushModel,
  SopClass.BasicGrayscalePrintManagementMeta,
  SopClass.BasicColorPrintManagementMeta,
]);
const COMPOSITE = '1.2.840.10008.5.1.4.1.1.'; // storage SOP classes (PS3.4 B.5)
const LEVEL_UID = {
  STUDY: 'StudyInstanceUID', SERIES: 'SeriesInstanceUID', IMAGE: 'SOPInstanceUID' };
const SLOW = 'IO-SLOW'; // the patient whose matches stop after a few until they are cancelled
const A_FEW = 10;
const stored = new Map(); // SOP Instance UID → Dataset

function matches(elements, query) {
  return Object.values(LEVEL_UID).concat('PatientID').every((key) => {
    const wanted = query[key];
    return !wanted || [].concat(wanted).includes(elements[key]);
  });
}

// One answer for each entity of the level, in the order of its UIDs.
function answers(query) {
  const key = LEVEL_UID[query.QueryRetrieveLevel];
  const found = new Map();
  for (const dataset of stored.values()) {
    const elements = dataset.getElements();
    if (matches(elements, query) && !found.has(elements[key])) {
      const answer = {};
      for (const name of Object.keys(query)) {
        if (!name.startsWith('_')) {
          answer[name] = elements[name];
        }
      }
      answer.QueryRetrieveLevel = query.QueryRetrieveLevel;
      found.set(elements[key], answer);
    }
  }
  return [...found.keys()].sort().map((uid) => found.get(uid));
}

function retrieved(query) {
  return [...stored.keys()].sort().map((uid) => stored.get(uid))
    .filter((dataset) => matches(dataset.getElements(), query));
}

function response(kind, request, status, counts = {}) {
  const result = kind.fromRequest(request);
  result.setStatus(status);
  for (const [name, value] of Object.entries(counts)) {
    result[`set${name}`](value);
  }
  return result;
}

class Application extends Scp {
  associationRequested(association) {
    this.association = association;
    if (association.getCalledAeTitle().trim() !== config.aet) {
      this.sendAssociationReject(1, 1, 7);
      return;
    }
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      const abstract = context.getAbstractSyntaxUid();
      if (OFFERED.has(abstract) || abstract.startsWith(COMPOSITE)) {
        context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
      } else {
        context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
      }
    }
    this.sendAssociationAccept();
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }

  abort() {}

  cEchoRequest(request, callback) {
    callback(response(CEchoResponse, request, Status.Success));
  }

  createStoreWritableStream() {
    const parts = [];
    const stream = new Writable({
      write(chunk, _, done) {
        parts.push(Buffer.from(chunk));
        done();
      },
    });
    stream.toBuffer = () => Buffer.concat(parts);
    return stream;
  }

  createDatasetFromStoreWritableStream(stream, context, callback) {
    this.received = { bytes: stream.toBuffer(), syntax: context.getAcceptedTransferSyntaxUid() };
    let dataset;
    try {
      dataset = new Dataset(this.received.bytes, this.received.syntax);
      dataset.getElements();
    } catch (fault) {
      dataset = undefined; // what the library cannot read is kept, but not found
    }
    callback(dataset);
  }

  cStoreRequest(request, callback) {
    const uid = request.getAffectedSopInstanceUid();
    fs.writeFileSync(path.join(config.directory, `${uid}.dcm`), part10(
      request.getAffectedSopClassUid(), uid, this.received.syntax, this.received.bytes));
    const dataset = request.getDataset();
    if (dataset && dataset.getElement('SOPInstanceUID')) {
      stored.set(uid, dataset);
    }
    callback(response(CStoreResponse, request, Status.Success));
  }

  cFindRequest(request, callback) {
    const query = request.getDataset().getElements();
    const slow = query.PatientID === SLOW;
    const found = answers(slow ? { ...query, PatientID: undefined } : query);
    const pending = found.map((answer) => {
      const one = response(CFindResponse, request, Status.Pending);
      one.setDataset(new Dataset(answer));
      return one;
    });
    if (!slow) {
      callback([...pending, response(CFindResponse, request, Status.Success)]);
      return;
    }
    pending.slice(0, A_FEW).forEach((one) => this.sendResponse(request, one));
    this.cancelled = () => callback([response(CFindResponse, request, Status.Cancel)]);
  }

  cCancelRequest() {
    if (this.cancelled) {
      this.cancelled();
      this.cancelled = undefined;
    }
  }

  cMoveRequest(request, callback) {
    const title = request.getCommandDataset().getElement('MoveDestination').trim();
    const port = config.peers[title];
    if (!port) {
      callback([response(CMoveResponse, request, 0xa801)]);
      return;
    }
    const client = new Client();
    const tally = this.stores(request, retrieved(request.getDataset().getElements()),
      (one) => client.addRequest(one), CMoveResponse);
    if (!tally.total) {
      callback([tally.last()]);
      return;
    }
    client.on('networkError', () => {});
    client.on('closed', () => callback([...tally.pending, tally.last()]));
    client.send('127.0.0.1', port, config.aet, title);
  }

  cGetRequest(request, callback) {
    const tally = this.stores(request, retrieved(request.getDataset().getElements()),
      (one) => this.sendRequests(one), CGetResponse,
      () => callback([...tally.pending, tally.last()]));
    if (!tally.total) {
      callback([tally.last()]);
    }
  }

  // Sends every data set by `send` and counts what becomes of it; `end` after the last answer.
  stores(request, datasets, send, kind, end = () => {}) {
    const counts = { Completed: 0, Failures: 0, Warnings: 0 };
    const tally = {
      total: datasets.length,
      pending: [],
      last: () => response(kind, request, counts.Failures ? 0xb000 : Status.Success, {
        ...counts, Failures: tally.total - counts.Completed }),
    };
    let open = datasets.length;
    for (const dataset of datasets) {
      const store = new CStoreRequest(dataset);
      if (kind === CMoveResponse) {
        const command = store.getCommandDataset();
        command.setElement('MoveOriginatorApplicationEntityTitle',
          this.association.getCallingAeTitle().trim());
        command.setElement('MoveOriginatorMessageID', request.getMessageId());
      }
      store.on('response', (answer) => {
        counts[answer.getStatus() === Status.Success ? 'Completed' : 'Failures'] += 1;
        open -= 1;
        tally.pending.push(response(kind, request, Status.Pending, { ...counts, Remaining: open }));
        if (open === 0) {
          end();
        }
      });
      send(store);
    }
    return tally;
  }
}

Object.assign(Application.prototype, objects(config));
dimse.log.setLevel('error');
const server = new Server(Application);
server.on('networkError', (fault) => console.log('network error:', fault.message));
server.listen(config.port);
console.log('listening');
