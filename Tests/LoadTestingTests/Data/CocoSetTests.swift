import Testing
import WireFormats

@testable import LoadTesting

@Suite struct CocoSetTests {
  private func set(_ text: String) throws -> CocoSet {
    let document = try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    return try CocoSet(document)
  }

  private let categories = #""categories":[{"id":3,"name":"b"},{"id":1,"name":"a"}]"#

  @Test func `photos and categories are in the order of their ids`() throws {
    let set = try set(
      """
      {"images":[{"id":9,"file_name":"x.jpg"},{"id":2,"file_name":"y.jpg"}],\(categories),
       "annotations":[{"image_id":9,"category_id":1,"bbox":[1,2,3.5,4],"area":7,"iscrowd":0},
        {"image_id":9,"category_id":3,"bbox":[0,0,2,2],"iscrowd":1}]}
      """)
    #expect(set.photos.map(\.id) == [2, 9])
    #expect(set.categories.map(\.name) == ["a", "b"])
    #expect(set.photos[0].truths.isEmpty)
    #expect(set.photos[1].truths[1]?.first?.area == 7)
    #expect(set.photos[1].truths[3]?.first?.isCrowd == true)
    #expect(set.photos[1].truths[3]?.first?.area == 4)
  }

  @Test(arguments: [
    #"{"images":[],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x.jpg"}],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x.jpg"}],"annotations":[],"categories":[]}"#,
    #"{"images":[{"id":1}],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"../x.jpg"}],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"/etc/x.jpg"}],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x"},{"id":1,"file_name":"y"}],"annotations":[],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x"}],"annotations":[{"image_id":2,"category_id":1,"bbox":[0,0,1,1]}],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x"}],"annotations":[{"image_id":1,"category_id":7,"bbox":[0,0,1,1]}],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x"}],"annotations":[{"image_id":1,"category_id":1,"bbox":[0,0,-1,1]}],CATEGORIES}"#,
    #"{"images":[{"id":1,"file_name":"x"}],"annotations":[{"image_id":1,"category_id":1,"bbox":[0,0,1]}],CATEGORIES}"#,
    #"{"images":3,"annotations":4,CATEGORIES}"#,
  ])
  func `what is broken, or unlabelled, is refused with a sentence`(text: String) {
    let whole = text.split(separator: "CATEGORIES").joined(separator: categories)
    #expect { try set(whole) } throws: { error in
      (error as? SampleProblem)?.description.isEmpty == false
    }
  }
}
