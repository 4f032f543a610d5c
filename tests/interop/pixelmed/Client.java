// A client on PixelMed's toolkit that does what it is told and prints all that it hears.
//
//   java -cp pixelmed.jar:. Client HOST PORT CALLING CALLED STEPS
//
// STEPS is a file with one step a line, tabs between its parts: name, verb, then KEY=VALUE.
// Prints "== NAME" before what each step says, and "= done" after a step that went well.

import com.pixelmed.dicom.Attribute;
import com.pixelmed.dicom.AttributeFactory;
import com.pixelmed.dicom.AttributeList;
import com.pixelmed.dicom.AttributeTag;
import com.pixelmed.dicom.CodeStringAttribute;
import com.pixelmed.dicom.DicomDictionary;
import com.pixelmed.dicom.SOPClass;
import com.pixelmed.dicom.StoredFilePathStrategy;
import com.pixelmed.dicom.TagFromName;
import com.pixelmed.dicom.UniqueIdentifierAttribute;
import com.pixelmed.network.FindSOPClassSCU;
import com.pixelmed.network.GetSOPClassSCU;
import com.pixelmed.network.IdentifierHandler;
import com.pixelmed.network.MoveSOPClassSCU;
import com.pixelmed.network.MultipleInstanceTransferStatusHandler;
import com.pixelmed.network.ReceivedObjectHandler;
import com.pixelmed.network.StorageSOPClassSCU;
import com.pixelmed.network.VerificationSOPClassSCU;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class Client {
  private final String host;
  private final int port;
  private final String calling;
  private final String called;

  private Client(String[] words) {
    host = words[0];
    port = Integer.parseInt(words[1]);
    calling = words[2];
    called = words[3];
  }

  public static void main(String[] words) throws Exception {
    // One stream, so that what the toolkit logs stays beside what it returns.
    System.setErr(System.out);
    System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s: %5$s%6$s%n");
    Client client = new Client(words);
    for (String line : Files.readAllLines(Path.of(words[4]))) {
      String[] parts = line.split("\t");
      System.out.println("== " + parts[0]);
      try {
        if (client.perform(parts[1], parts)) {
          System.out.println("= done");
        }
      } catch (Exception fault) {
        System.out.println("cannot: " + fault);
      }
    }
    System.exit(0);
  }

  private boolean perform(String verb, String[] parts) throws Exception {
    List<String> files = new ArrayList<>();
    Map<String, String> options = new HashMap<>();
    AttributeList keys = new AttributeList();
    for (int i = 2; i < parts.length; ++i) {
      String name = parts[i].substring(0, parts[i].indexOf('='));
      String value = parts[i].substring(name.length() + 1);
      if (name.equals("file")) {
        files.add(value);
      } else if (Character.isUpperCase(name.charAt(0))) {
        put(keys, name, value);
      } else {
        options.put(name, value);
      }
    }
    switch (verb) {
      case "echo":
        new VerificationSOPClassSCU(host, port, called, calling, false);
        return true;
      case "store":
        return store(files);
      case "find":
        return find(keys);
      case "move":
        MoveSOPClassSCU mover = new MoveSOPClassSCU(host, port, called, calling,
            options.get("destination"), SOPClass.StudyRootQueryRetrieveInformationModelMove, keys);
        System.out.println("status " + Integer.toHexString(mover.getStatus()));
        return true;
      case "get":
        return get(keys, new File(options.get("into")), Set.of(options.get("classes").split(" ")));
      default:
        System.out.println("cannot: " + verb + " is not in the toolkit");
        return false;
    }
  }

  private static void put(AttributeList keys, String name, String value) throws Exception {
    AttributeTag tag = DicomDictionary.StandardDictionary.getTagFromName(name);
    Attribute attribute = AttributeFactory.newAttribute(tag);
    if (!value.isEmpty()) {
      attribute.addValue(value);
    }
    keys.put(attribute);
  }

  // One association for each file: the order of the toolkit's set of files is not defined.
  private boolean store(List<String> files) throws Exception {
    boolean[] all = {true};
    for (String file : files) {
      AttributeList list = new AttributeList();
      list.read(new File(file), TagFromName.PatientID);
      com.pixelmed.dicom.SetOfDicomFiles one = new com.pixelmed.dicom.SetOfDicomFiles();
      one.add(file);
      new StorageSOPClassSCU(host, port, called, calling, one, 0,
          new MultipleInstanceTransferStatusHandler() {
            @Override
            public void updateStatus(int remaining, int completed, int failed, int warning,
                                     String uid) {
              System.out.println("stored " + remaining + " " + completed + " " + failed + " "
                                 + warning + " " + uid);
              all[0] &= failed == 0;
            }
          });
    }
    return all[0];
  }

  private boolean find(AttributeList keys) throws Exception {
    new FindSOPClassSCU(host, port, called, calling,
        SOPClass.StudyRootQueryRetrieveInformationModelFind, keys, new IdentifierHandler() {
          @Override
          public void doSomethingWithIdentifier(AttributeList answer) {
            System.out.println("match\n" + answer);
          }
        });
    return true;
  }

  private boolean get(AttributeList keys, File into, Set<String> classes) throws Exception {
    boolean[] any = {false};
    new GetSOPClassSCU(host, port, called, calling,
        SOPClass.StudyRootQueryRetrieveInformationModelGet, keys, new IdentifierHandler() {
          @Override
          public void doSomethingWithIdentifier(AttributeList answer) {
            System.out.println("identifier\n" + answer);
          }
        }, into, StoredFilePathStrategy.BYSOPINSTANCEUIDINSINGLEFOLDER,
        new ReceivedObjectHandler() {
          @Override
          public void sendReceivedObjectIndication(String file, String syntax, String from) {
            System.out.println("received " + new File(file).getName() + " " + syntax + " " + from);
            any[0] = true;
          }
        }, new HashSet<>(classes), true, false, false);
    return any[0];
  }
}
