import Foundation
import TestSupport
import Testing

/// A DCMI library that tells of made-up cards: written in C, compiled for the test.
enum ScriptedDCMI {
    struct Die {
        var card: Int
        var chip = 0
        var logical: Int
        var physical: Int
        var name: String
        /// Beside the name, where the name is the family's.
        var number = ""
        /// MB; nil for a chip without HBM.
        var hbm: (size: Int, used: Int)? = (65536, 3000)
        var memory: (size: Int, free: Int) = (0, 0)
        var health = 0
        var temperature: Int? = 40
        var power: Int? = 913
        /// Bits of causes; nil: not told.
        var slowed: Int? = nil
    }

    /// - Parameter initCode: what `dcmi_init` answers.
    static func with<Result>(_ dies: [Die], initCode: Int = 0, _ body: (URL) throws -> Result) throws -> Result {
        try with(source: text(dies, initCode), body)
    }

    /// A library whose functions are those of the 950 family, for chips of these names.
    static func with950<Result>(_ names: [String], _ body: (URL) throws -> Result) throws -> Result {
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        return try with(
            source: """
                #include <string.h>
                static const char *names[] = {\(list)};
                struct chip_info { unsigned char type[32], name[32], version[32]; unsigned cores; unsigned char npu[32]; };
                int dcmiv2_init(void) { return 0; }
                int dcmiv2_get_device_chip_info(int device, struct chip_info *info) { if (device < 0 || device >= \(names.count)) return -8007; strcpy((char *)info->name, names[device]); return 0; }
                """, body)
    }

    private static func with<Result>(source text: String, _ body: (URL) throws -> Result) throws -> Result {
        try withFolder { folder in
            let source = folder.appending(path: "dcmi.c")
            let library = folder.appending(path: "libdcmi.so")
            try Data(text.utf8).write(to: source)
            let compiler = Process()
            compiler.executableURL = URL(filePath: "/usr/bin/env")
            compiler.arguments = ["cc", "-shared", "-fPIC", "-o", library.path, source.path]
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
            return try body(library)
        }
    }

    private static func text(_ dies: [Die], _ initCode: Int) -> String {
        let boards = Array(Set(dies.map(\.card))).sorted()
        let rows = dies.map { die in
            """
            {\(die.card), \(die.chip), \(die.logical), \(die.physical), "\(die.name)", "\(die.number)", \(die.hbm?.size ?? -1), \(die.hbm?.used ?? 0), \
            \(die.memory.size), \(die.memory.free), \(die.health), \(die.temperature ?? -1), \(die.power ?? -1), \(die.slowed ?? -1)}
            """
        }
        return """
            #include <string.h>
            #define UNSUPPORTED -8255
            static struct { int card, chip, logical, physical; const char *name, *number; long hbm, hbm_used, memory, memory_free; unsigned health; int temperature, power; long slowed; } dies[] = {\(rows.joined(separator: ",\n"))};
            static int boards[] = {\(boards.map(String.init).joined(separator: ", "))};
            enum { count = sizeof dies / sizeof dies[0] };
            static int find(int card, int chip) { for (int i = 0; i < count; i++) if (dies[i].card == card && dies[i].chip == chip) return i; return -1; }
            struct chip_info { unsigned char type[32], name[32], version[32]; unsigned cores; unsigned char npu[32]; };
            struct hbm_info { unsigned long long size; unsigned freq; unsigned long long used; int temp; unsigned rate; };
            struct memory_info { unsigned long long size, available; unsigned freq; unsigned long a, b, c; unsigned d; unsigned char reserve[60]; };
            int dcmi_init(void) { return \(initCode); }
            int dcmi_get_card_list(int *n, int *list, int capacity) { *n = \(boards.count); memcpy(list, boards, sizeof boards); return capacity < *n ? -8001 : 0; }
            int dcmi_get_device_id_in_card(int card, int *most, int *mcu, int *cpu) { *most = 0; *mcu = *cpu = -1; while (find(card, *most) >= 0) ++*most; return *most ? 0 : -8007; }
            int dcmi_get_device_logic_id(int *logical, int card, int chip) { int i = find(card, chip); if (i < 0) return -8007; *logical = dies[i].logical; return 0; }
            int dcmi_get_device_phyid_from_logicid(unsigned logical, unsigned *physical) { for (int i = 0; i < count; i++) if (dies[i].logical == (int)logical) { *physical = dies[i].physical; return 0; } return -8007; }
            int dcmi_get_device_chip_info_v2(int card, int chip, struct chip_info *info) { strcpy((char *)info->type, "Ascend"); strcpy((char *)info->name, dies[find(card, chip)].name); strcpy((char *)info->npu, dies[find(card, chip)].number); return 0; }
            int dcmi_get_device_hbm_info(int card, int chip, struct hbm_info *info) { int i = find(card, chip); if (dies[i].hbm < 0) return UNSUPPORTED; info->size = dies[i].hbm; info->used = dies[i].hbm_used; return 0; }
            int dcmi_get_device_memory_info_v3(int card, int chip, struct memory_info *info) { int i = find(card, chip); info->size = dies[i].memory; info->available = dies[i].memory_free; return 0; }
            int dcmi_get_device_health(int card, int chip, unsigned *health) { *health = dies[find(card, chip)].health; return 0; }
            int dcmi_get_device_temperature(int card, int chip, int *value) { *value = dies[find(card, chip)].temperature; return *value < 0 ? UNSUPPORTED : 0; }
            int dcmi_get_device_power_info(int card, int chip, int *value) { *value = dies[find(card, chip)].power; return *value < 0 ? UNSUPPORTED : 0; }
            int dcmi_get_device_info(int card, int chip, int command, unsigned part, void *buffer, unsigned *size) { int i = find(card, chip); if (command != 8 || part != 9 || dies[i].slowed < 0) return UNSUPPORTED; if (*size < 8) return -8001; memcpy(buffer, &dies[i].slowed, 8); return 0; }
            """
    }
}
